// Lua's patterns (manual, 6.4.1) with counted steps, because the library's own can run for hours on
// two hundred characters and no hook reaches them. A step is charged as an instruction.
#define _GNU_SOURCE
#include <ctype.h>

#include "Support.h"

enum { CAPTURES_MAX = 32, DEPTH_MAX = 200, FUEL = 512, OPEN = -1, PLACE = -2 };

typedef struct {
    lua_State *L;
    const char *subject, *subject_end, *pattern_end;
    int depth, fuel;
    int level; // captures so far
    struct {
        const char *start;
        ptrdiff_t length; // or OPEN, or PLACE
    } captures[CAPTURES_MAX];
} matcher;

static const char *match(matcher *m, const char *at, const char *p);

static void refuel(matcher *m) {
    clua_charge(m->L, FUEL - m->fuel);
    m->fuel = FUEL;
}
static inline void step(matcher *m) {
    if (--m->fuel <= 0) refuel(m);
}

// MARK: One character

// Where the item for one character ends.
static const char *item_end(matcher *m, const char *p) {
    char first = *p++;
    if (first == '%') {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[') return p;
    if (*p == '^') p++;
    do { // a bracket at the first place stands for itself
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
        step(m);
        if (*p++ == '%' && p < m->pattern_end) p++;
    } while (p == m->pattern_end || *p != ']');
    return p + 1;
}

static bool is_in_class(int c, int name) {
    bool is_in;
    switch (tolower(name)) {
    case 'a': is_in = isalpha(c); break;
    case 'c': is_in = iscntrl(c); break;
    case 'd': is_in = isdigit(c); break;
    case 'g': is_in = isgraph(c); break;
    case 'l': is_in = islower(c); break;
    case 'p': is_in = ispunct(c); break;
    case 's': is_in = isspace(c); break;
    case 'u': is_in = isupper(c); break;
    case 'w': is_in = isalnum(c); break;
    case 'x': is_in = isxdigit(c); break;
    case 'z': is_in = c == 0; break; // of older versions, still known
    default: return name == c;
    }
    return isupper(name) ? !is_in : is_in;
}

// `p` at the opening bracket, `last` at the closing one.
static bool is_in_set(matcher *m, int c, const char *p, const char *last) {
    bool is_in = true;
    if (*++p == '^') {
        is_in = false;
        p++;
    }
    while (p < last) {
        step(m);
        if (*p == '%') {
            if (is_in_class(c, (unsigned char)p[1])) return is_in;
            p += 2;
        } else if (p[1] == '-' && p + 2 < last) {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return is_in;
            p += 3;
        } else {
            if ((unsigned char)*p == c) return is_in;
            p++;
        }
    }
    return !is_in;
}

static bool is_single(matcher *m, const char *at, const char *p, const char *end) {
    step(m);
    if (at >= m->subject_end) return false;
    int c = (unsigned char)*at;
    switch (*p) {
    case '.': return true;
    case '%': return is_in_class(c, (unsigned char)p[1]);
    case '[': return is_in_set(m, c, p, end - 1);
    default: return (unsigned char)*p == c;
    }
}

// MARK: Items

static const char *balance(matcher *m, const char *at, const char *p) {
    if (m->pattern_end - p < 2)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (at >= m->subject_end || *at != *p) return NULL;
    int open = 1;
    while (++at < m->subject_end) {
        step(m);
        if (*at == p[1]) {
            if (--open == 0) return at + 1;
        } else if (*at == p[0]) {
            open++;
        }
    }
    return NULL;
}

// The longest first; the first `least_count` are known to match.
static const char *most(
    matcher *m, const char *at, const char *p, const char *end, ptrdiff_t least_count) {
    ptrdiff_t count = least_count;
    while (is_single(m, at + count, p, end)) count++;
    for (; count >= least_count; count--) {
        const char *found = match(m, at + count, end + 1);
        if (found) return found;
    }
    return NULL;
}

static const char *least(matcher *m, const char *at, const char *p, const char *end) {
    for (;; at++) {
        const char *found = match(m, at, end + 1);
        if (found) return found;
        if (!is_single(m, at, p, end)) return NULL;
    }
}

static const char *open_capture(matcher *m, const char *at, const char *p, ptrdiff_t length) {
    if (m->level >= CAPTURES_MAX) luaL_error(m->L, "too many captures");
    m->captures[m->level].start = at;
    m->captures[m->level].length = length;
    m->level++;
    const char *found = match(m, at, p);
    if (!found) m->level--;
    return found;
}

static const char *close_capture(matcher *m, const char *at, const char *p) {
    int level = m->level - 1;
    while (level >= 0 && m->captures[level].length != OPEN) level--;
    if (level < 0) luaL_error(m->L, "invalid pattern capture");
    m->captures[level].length = at - m->captures[level].start;
    const char *found = match(m, at, p);
    if (!found) m->captures[level].length = OPEN;
    return found;
}

// The end of what repeats a capture, NULL where nothing does.
static const char *repeated(matcher *m, const char *at, int digit) {
    int level = digit - '1';
    if (level < 0 || level >= m->level || m->captures[level].length == OPEN)
        luaL_error(m->L, "invalid capture index %%%d", level + 1);
    size_t length = (size_t)m->captures[level].length; // of a place: larger than anything
    if ((size_t)(m->subject_end - at) < length) return NULL;
    clua_charge(m->L, (int64_t)(length >> 4));
    return memcmp(m->captures[level].start, at, length) == 0 ? at + length : NULL;
}

static bool is_frontier(matcher *m, const char *at, const char *p, const char *end) {
    int before = at == m->subject ? 0 : (unsigned char)at[-1];
    int here = at == m->subject_end ? 0 : (unsigned char)*at;
    return !is_in_set(m, before, p, end - 1) && is_in_set(m, here, p, end - 1);
}

// The end of the match of the pattern from `p` on at a place, NULL for none. What comes last in the
// pattern goes round the loop, the rest calls itself.
static const char *match_items(matcher *m, const char *at, const char *p) {
    while (p != m->pattern_end) {
        step(m);
        if (*p == '(') {
            return p[1] == ')' ? open_capture(m, at, p + 2, PLACE)
                               : open_capture(m, at, p + 1, OPEN);
        }
        if (*p == ')') return close_capture(m, at, p + 1);
        if (*p == '$' && p + 1 == m->pattern_end) return at == m->subject_end ? at : NULL;
        if (*p == '%' && p[1] == 'b') {
            at = balance(m, at, p + 2);
            if (!at) return NULL;
            p += 4;
            continue;
        }
        if (*p == '%' && p[1] == 'f') {
            p += 2;
            if (*p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
            const char *end = item_end(m, p);
            if (!is_frontier(m, at, p, end)) return NULL;
            p = end;
            continue;
        }
        if (*p == '%' && isdigit((unsigned char)p[1])) {
            at = repeated(m, at, (unsigned char)p[1]);
            if (!at) return NULL;
            p += 2;
            continue;
        }
        const char *end = item_end(m, p);
        char suffix = end < m->pattern_end ? *end : 0;
        bool is_here = is_single(m, at, p, end);
        if (!is_here && (suffix == '*' || suffix == '-' || suffix == '?')) {
            p = end + 1;
            continue;
        }
        if (!is_here) return NULL;
        if (suffix == '*') return most(m, at, p, end, 0);
        if (suffix == '+') return most(m, at, p, end, 1);
        if (suffix == '-') return least(m, at, p, end);
        if (suffix == '?') {
            const char *found = match(m, at + 1, end + 1);
            if (found) return found;
            p = end + 1;
            continue;
        }
        at++;
        p = end;
    }
    return at;
}

static const char *match(matcher *m, const char *at, const char *p) {
    if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
    const char *found = match_items(m, at, p);
    m->depth++;
    return found;
}

static const char *match_at(matcher *m, const char *at, const char *p) {
    m->level = 0;
    m->depth = DEPTH_MAX;
    return match(m, at, p);
}

static void prepare(
    matcher *m, lua_State *L, const char *subject, size_t length, const char *pattern,
    size_t pattern_length) {
    m->L = L;
    m->subject = subject;
    m->subject_end = subject + length;
    m->pattern_end = pattern + pattern_length;
    m->fuel = FUEL;
}

// MARK: Captures

// A capture, the whole match where there are none.
static void push_capture(matcher *m, int index, const char *from, const char *to) {
    if (index >= m->level) {
        if (index != 0) luaL_error(m->L, "invalid capture index %%%d", index + 1);
        lua_pushlstring(m->L, from, (size_t)(to - from));
    } else if (m->captures[index].length == PLACE) {
        lua_pushinteger(m->L, m->captures[index].start - m->subject + 1);
    } else {
        if (m->captures[index].length == OPEN) luaL_error(m->L, "unfinished capture");
        lua_pushlstring(m->L, m->captures[index].start, (size_t)m->captures[index].length);
    }
}

static int push_captures(matcher *m, const char *from, const char *to) {
    int count = m->level == 0 && from ? 1 : m->level;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++) push_capture(m, i, from, to);
    return count;
}

// MARK: find, match

// A place counted from 1, or from the end backwards, as an offset; past the end where it is.
static size_t offset(lua_Integer place, size_t length) {
    if (place > 0) return (size_t)place - 1;
    if (place == 0 || place < -(lua_Integer)length) return 0;
    return length + (size_t)place;
}

static bool is_plain(const char *pattern, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i])) return false;
    return true;
}

static int find(lua_State *L, bool is_find) {
    size_t length, pattern_length;
    const char *subject = luaL_checklstring(L, 1, &length);
    const char *p = luaL_checklstring(L, 2, &pattern_length);
    size_t start = offset(luaL_optinteger(L, 3, 1), length);
    if (start > length) {
        luaL_pushfail(L);
        return 1;
    }
    clua_charge(L, (int64_t)(pattern_length >> 4));
    if (is_find && (lua_toboolean(L, 4) || is_plain(p, pattern_length))) {
        clua_charge(L, (int64_t)((length - start) >> 4));
        const char *found = memmem(subject + start, length - start, p, pattern_length);
        if (!found) {
            luaL_pushfail(L);
            return 1;
        }
        lua_pushinteger(L, found - subject + 1);
        lua_pushinteger(L, found - subject + (lua_Integer)pattern_length);
        return 2;
    }
    matcher m;
    bool is_anchored = *p == '^';
    prepare(&m, L, subject, length, p, pattern_length);
    if (is_anchored) p++;
    for (const char *at = subject + start; at <= m.subject_end; at++) {
        const char *end = match_at(&m, at, p);
        if (end) {
            refuel(&m);
            if (!is_find) return push_captures(&m, at, end);
            lua_pushinteger(L, at - subject + 1);
            lua_pushinteger(L, end - subject);
            return push_captures(&m, NULL, NULL) + 2;
        }
        if (is_anchored) break;
    }
    refuel(&m);
    luaL_pushfail(L);
    return 1;
}

int clua_find(lua_State *L) { return find(L, true); }
int clua_match(lua_State *L) { return find(L, false); }

// MARK: gmatch

// Upvalues: subject, pattern, offset to go on at, offset of the last match's end or -1.
static int next_match(lua_State *L) {
    size_t length, pattern_length;
    const char *subject = lua_tolstring(L, lua_upvalueindex(1), &length);
    const char *p = lua_tolstring(L, lua_upvalueindex(2), &pattern_length);
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    matcher m;
    prepare(&m, L, subject, length, p, pattern_length);
    const char *at = subject + lua_tointeger(L, lua_upvalueindex(3));
    for (; at <= m.subject_end; at++) {
        const char *end = match_at(&m, at, p);
        if (end && end - subject != last) {
            refuel(&m);
            lua_pushinteger(L, end - subject);
            lua_copy(L, -1, lua_upvalueindex(3));
            lua_copy(L, -1, lua_upvalueindex(4));
            return push_captures(&m, at, end);
        }
    }
    refuel(&m);
    return 0;
}

int clua_gmatch(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    luaL_checkstring(L, 2);
    size_t start = offset(luaL_optinteger(L, 3, 1), length);
    if (start > length) start = length + 1;
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)start);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

// MARK: gsub

static void add_text(matcher *m, luaL_Buffer *result, const char *from, const char *to) {
    size_t length;
    const char *text = lua_tolstring(m->L, 3, &length), *end = text + length;
    clua_charge(m->L, (int64_t)(length >> 4));
    while (text < end) {
        const char *percent = memchr(text, '%', (size_t)(end - text));
        luaL_addlstring(result, text, (size_t)((percent ? percent : end) - text));
        if (!percent) return;
        step(m);
        text = percent + 1;
        if (text < end && *text == '%') {
            luaL_addchar(result, '%');
        } else if (text < end && *text == '0') {
            luaL_addlstring(result, from, (size_t)(to - from));
        } else if (text < end && isdigit((unsigned char)*text)) {
            push_capture(m, *text - '1', from, to);
            luaL_addvalue(result);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
        text++;
    }
}

// Adds what replaces a match; answers whether it differs from the match.
static bool add_replacement(matcher *m, luaL_Buffer *result, const char *from, const char *to) {
    lua_State *L = m->L;
    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, from, to), 1);
        break;
    case LUA_TTABLE:
        push_capture(m, 0, from, to);
        lua_gettable(L, 3);
        break;
    default:
        add_text(m, result, from, to);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(result, from, (size_t)(to - from));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(result);
    return true;
}

int clua_gsub(lua_State *L) {
    size_t length, pattern_length;
    const char *at = luaL_checklstring(L, 1, &length);
    const char *p = luaL_checklstring(L, 2, &pattern_length), *last = NULL;
    int kind = lua_type(L, 3);
    if (kind != LUA_TNUMBER && kind != LUA_TSTRING && kind != LUA_TFUNCTION && kind != LUA_TTABLE)
        return luaL_typeerror(L, 3, "string/function/table");
    if (kind == LUA_TNUMBER) luaL_checkstring(L, 3); // becomes a text in its place
    lua_Integer count_max = luaL_optinteger(L, 4, (lua_Integer)length + 1), count = 0;
    matcher m;
    prepare(&m, L, at, length, p, pattern_length);
    bool is_anchored = *p == '^', is_changed = false;
    if (is_anchored) p++;
    luaL_Buffer result;
    luaL_buffinit(L, &result);
    while (count < count_max) {
        step(&m);
        const char *end = match_at(&m, at, p);
        if (end && end != last) {
            count++;
            if (add_replacement(&m, &result, at, end)) is_changed = true;
            at = last = end;
        } else if (at < m.subject_end) {
            luaL_addchar(&result, *at++);
        } else {
            break;
        }
        if (is_anchored) break;
    }
    refuel(&m);
    if (is_changed) {
        luaL_addlstring(&result, at, (size_t)(m.subject_end - at));
        luaL_pushresult(&result);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}
