// Values as bytes, between Lua and Swift and on this machine only. A byte says the kind:
//   0 none · 1 false · 2 true · 3 integer, 8 bytes · 4 decimal, 8 bytes · 5 text: count, bytes
//   6 list: count, values · 7 record: count, then name (count, bytes) and value for each field
//   8 like 7 from a table without an order: the reader sorts by name
// Counts have four bytes, everything in the machine's own order.
#include <stdlib.h>

#include "Support.h"

enum { DEPTH_MAX = 64 };

char clua_none, clua_list, clua_order, clua_failure;

// MARK: To bytes

void clua_clear(clua_buffer *buffer) {
    buffer->count = 0;
    if (buffer->room <= 1 << 20) return;
    free(buffer->bytes);
    *buffer = (clua_buffer){0};
}

static uint8_t *grow(lua_State *L, size_t count) {
    clua_state *state = clua_of(L);
    clua_buffer *out = &state->out;
    size_t most = state->limits.memory_max;
    if (count > most || out->count > most - count)
        luaL_error(L, "a value is larger than the memory allowed");
    if (out->count + count > out->room) {
        size_t room = (out->count + count) * 2;
        uint8_t *bytes = realloc(out->bytes, room);
        if (!bytes) luaL_error(L, "not enough memory");
        out->bytes = bytes;
        out->room = room;
    }
    uint8_t *place = out->bytes + out->count;
    out->count += count;
    return place;
}

static void put_kind(lua_State *L, uint8_t kind) { *grow(L, 1) = kind; }
static void put_count(lua_State *L, size_t count) {
    uint32_t short_count = (uint32_t)count;
    memcpy(grow(L, 4), &short_count, 4);
}
static void put_number(lua_State *L, uint8_t kind, const void *number) {
    put_kind(L, kind);
    memcpy(grow(L, 8), number, 8);
}

// The length of the well-formed character at the start, 0 for none.
static size_t character(const uint8_t *at, size_t room) {
    uint8_t first = at[0];
    if (first < 0x80) return 1;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || length > room) return 0;
    uint8_t least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < least || at[1] > most) return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    return length;
}

static void put_text(lua_State *L, int index) {
    size_t count;
    const uint8_t *bytes = (const uint8_t *)lua_tolstring(L, index, &count);
    if (count > UINT32_MAX) luaL_error(L, "a text is too long");
    for (size_t at = 0, length; at < count; at += length) {
        length = character(bytes + at, count - at);
        if (length == 0)
            luaL_error(L, "a text is not valid UTF-8: byte %d is %d", (int)at + 1, bytes[at]);
    }
    clua_charge(L, (int64_t)(count >> 4));
    put_count(L, count);
    memcpy(grow(L, count), bytes, count);
}

static void encode(lua_State *L, int index, int depth);

static bool has_mark(lua_State *L, int index, const void *mark) {
    if (!lua_getmetatable(L, index)) return false;
    bool is_marked = lua_rawgetp(L, -1, mark) != LUA_TNIL;
    lua_pop(L, 2);
    return is_marked;
}

static void encode_list(lua_State *L, int index, lua_Unsigned count, int depth) {
    put_kind(L, 6);
    put_count(L, count);
    for (lua_Unsigned i = 1; i <= count; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i) == LUA_TNIL)
            luaL_error(L, "a list has a hole at %d; 'dt.none' fills it", (int)i);
        encode(L, lua_gettop(L), depth - 1);
        lua_pop(L, 1);
    }
}

static void encode_ordered(lua_State *L, int index, int depth) {
    int order = lua_gettop(L); // the names in order
    put_kind(L, 7);
    size_t place = clua_of(L)->out.count;
    put_count(L, 0);
    uint32_t count = 0;
    lua_Integer most = (lua_Integer)lua_rawlen(L, order);
    for (lua_Integer i = 1; i <= most; i++) {
        clua_charge(L, 1);
        if (lua_rawgeti(L, order, i) == LUA_TSTRING) {
            lua_pushvalue(L, -1);
            if (lua_rawget(L, index) != LUA_TNIL) {
                put_text(L, -2);
                encode(L, lua_gettop(L), depth - 1);
                count++;
            }
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    memcpy(clua_of(L)->out.bytes + place, &count, 4);
}

static void encode_table(lua_State *L, int index, int depth) {
    if (depth == 0)
        luaL_error(L, "a value is nested deeper than %d, or holds itself", DEPTH_MAX);
    luaL_checkstack(L, 8, NULL);
    if (clua_push_order(L, index)) {
        encode_ordered(L, index, depth);
        lua_pop(L, 1);
        return;
    }
    bool is_list = has_mark(L, index, &clua_list);
    lua_Unsigned length = lua_rawlen(L, index);
    size_t total = 0, names = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        clua_charge(L, 1);
        total++;
        if (lua_type(L, -2) == LUA_TSTRING) names++;
    }
    if (total > UINT32_MAX) luaL_error(L, "a table is too large");
    if (length == total && (total > 0 || is_list)) {
        encode_list(L, index, length, depth);
    } else if (names == total && !is_list) {
        put_kind(L, 8);
        put_count(L, total);
        for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
            put_text(L, -2);
            encode(L, lua_gettop(L), depth - 1);
        }
    } else if (names == 0) {
        luaL_error(L, "a list has a hole or a key that is no place in it; 'dt.none' fills a hole");
    } else {
        luaL_error(L, "a table has both names and numbers as keys; it is no list and no record");
    }
}

static void encode(lua_State *L, int index, int depth) {
    clua_charge(L, 1);
    switch (lua_type(L, index)) {
    case LUA_TNIL: put_kind(L, 0); return;
    case LUA_TBOOLEAN: put_kind(L, lua_toboolean(L, index) ? 2 : 1); return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            lua_Integer number = lua_tointeger(L, index);
            put_number(L, 3, &number);
        } else {
            lua_Number number = lua_tonumber(L, index);
            put_number(L, 4, &number);
        }
        return;
    case LUA_TSTRING:
        put_kind(L, 5);
        put_text(L, index);
        return;
    case LUA_TTABLE: encode_table(L, index, depth); return;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, index) == &clua_none) {
            put_kind(L, 0);
            return;
        }
        break;
    case LUA_TUSERDATA:
        if (clua_is_event(L, index)) {
            luaL_checkstack(L, 8, NULL);
            clua_push_event(L, index);
            encode_table(L, lua_gettop(L), depth);
            lua_pop(L, 1);
            return;
        }
        break;
    default: break;
    }
    luaL_error(L, "a %s is no value for a command", luaL_typename(L, index));
}

// Adds the value to the output. Raises.
void clua_encode(lua_State *L, int index) { encode(L, lua_absindex(L, index), DEPTH_MAX); }

// The values of the stack from `first` to `last`, as the only content of the output. Raises.
void clua_encode_list(lua_State *L, int first, int last) {
    clua_clear(&clua_of(L)->out);
    put_kind(L, 6);
    put_count(L, last < first ? 0 : (size_t)(last - first + 1));
    for (int i = first; i <= last; i++) encode(L, i, DEPTH_MAX);
}

// MARK: From bytes

typedef struct {
    const uint8_t *at, *end;
} reader;

static const uint8_t *take(lua_State *L, reader *from, size_t count) {
    if ((size_t)(from->end - from->at) < count) luaL_error(L, "a value is cut off");
    const uint8_t *bytes = from->at;
    from->at += count;
    return bytes;
}

static uint32_t take_count(lua_State *L, reader *from) {
    uint32_t count;
    memcpy(&count, take(L, from, 4), 4);
    return count;
}

static void take_text(lua_State *L, reader *from) {
    uint32_t count = take_count(L, from);
    lua_pushlstring(L, (const char *)take(L, from, count), count);
}

static void decode(lua_State *L, reader *from, int depth) {
    clua_charge(L, 1);
    if (depth == 0) luaL_error(L, "a value is nested deeper than %d", DEPTH_MAX);
    luaL_checkstack(L, 8, NULL);
    switch (*take(L, from, 1)) {
    case 0: lua_pushlightuserdata(L, &clua_none); return;
    case 1: lua_pushboolean(L, 0); return;
    case 2: lua_pushboolean(L, 1); return;
    case 3: {
        lua_Integer number;
        memcpy(&number, take(L, from, 8), 8);
        lua_pushinteger(L, number);
        return;
    }
    case 4: {
        lua_Number number;
        memcpy(&number, take(L, from, 8), 8);
        lua_pushnumber(L, number);
        return;
    }
    case 5: take_text(L, from); return;
    case 6: {
        uint32_t count = take_count(L, from);
        lua_createtable(L, count < INT32_MAX ? (int)count : 0, 0);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_list);
        lua_setmetatable(L, -2);
        for (uint32_t i = 1; i <= count; i++) {
            decode(L, from, depth - 1);
            lua_rawseti(L, -2, i);
        }
        return;
    }
    case 7: {
        uint32_t count = take_count(L, from);
        clua_push_record(L, count < INT32_MAX ? (int)count : 0);
        for (uint32_t i = 0; i < count; i++) {
            take_text(L, from);
            decode(L, from, depth - 1);
            clua_record_put(L, -3);
        }
        return;
    }
    default: luaL_error(L, "a value has an unknown kind");
    }
}

// Pushes the one value; none alone is nil. Raises.
void clua_decode(lua_State *L, const uint8_t *bytes, size_t count) {
    reader from = {bytes, bytes + count};
    if (count == 0 || bytes[0] == 0) {
        lua_pushnil(L);
        return;
    }
    decode(L, &from, DEPTH_MAX + 1);
}

// Pushes each value of an encoded list and answers how many. Raises.
int clua_decode_all(lua_State *L, const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    reader from = {bytes, bytes + count};
    take(L, &from, 1);
    uint32_t values = take_count(L, &from);
    if (values > 200) luaL_error(L, "more than 200 arguments");
    luaL_checkstack(L, (int)values + 8, NULL);
    for (uint32_t i = 0; i < values; i++) {
        if (from.at < from.end && *from.at == 0) {
            from.at++;
            lua_pushnil(L);
        } else {
            decode(L, &from, DEPTH_MAX + 1);
        }
    }
    return (int)values;
}
