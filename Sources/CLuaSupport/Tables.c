// The library of tables: the library's own functions trust the length and the ranges that a script
// gives them, which need not be lengths of anything.
#include "Support.h"

static lua_Integer length(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    return luaL_len(L, 1);
}

static int insert(lua_State *L) {
    lua_Integer place = (lua_Integer)((lua_Unsigned)length(L) + 1);
    switch (lua_gettop(L)) {
    case 2: break;
    case 3: {
        lua_Integer end = place;
        place = luaL_checkinteger(L, 2);
        luaL_argcheck(
            L, (lua_Unsigned)place - 1 < (lua_Unsigned)end, 2, "position out of bounds");
        for (; end > place; end--) {
            clua_charge(L, 1);
            lua_geti(L, 1, end - 1);
            lua_seti(L, 1, end);
        }
        break;
    }
    default: return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_seti(L, 1, place);
    return 0;
}

static int take_out(lua_State *L) {
    lua_Integer end = length(L), place = luaL_optinteger(L, 2, end);
    if (place != end)
        luaL_argcheck(
            L, (lua_Unsigned)place - 1 <= (lua_Unsigned)end, 2, "position out of bounds");
    lua_geti(L, 1, place);
    for (; place < end; place++) {
        clua_charge(L, 1);
        lua_geti(L, 1, place + 1);
        lua_seti(L, 1, place);
    }
    lua_pushnil(L);
    lua_seti(L, 1, place);
    return 1;
}

static int move(lua_State *L) {
    lua_Integer from = luaL_checkinteger(L, 2), end = luaL_checkinteger(L, 3);
    lua_Integer to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, target, LUA_TTABLE);
    if (end >= from) {
        luaL_argcheck(
            L, from > 0 || end < LUA_MAXINTEGER + from, 3, "too many elements to move");
        luaL_argcheck(
            L, to <= LUA_MAXINTEGER - (end - from), 4, "destination wrap around");
        // Overlapping to the right within one table: from the end backwards.
        bool is_backwards =
            to > from && to <= end && (target == 1 || lua_compare(L, 1, 5, LUA_OPEQ));
        lua_Integer last = end - from;
        for (lua_Integer i = 0; i <= last; i++) {
            clua_charge(L, 1);
            lua_Integer place = is_backwards ? last - i : i;
            lua_geti(L, 1, from + place);
            lua_seti(L, target, to + place);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

static int join(lua_State *L) {
    lua_Integer end = length(L);
    size_t gap_length;
    const char *gap = luaL_optlstring(L, 2, "", &gap_length);
    lua_Integer place = luaL_optinteger(L, 3, 1);
    end = luaL_optinteger(L, 4, end);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (; place <= end; place++) {
        clua_charge(L, 1);
        lua_geti(L, 1, place);
        if (!lua_isstring(L, -1))
            return luaL_error(
                L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1),
                (LUAI_UACINT)place);
        luaL_addvalue(&buffer);
        if (place == end) break; // the largest number has no next one
        luaL_addlstring(&buffer, gap, gap_length);
    }
    luaL_pushresult(&buffer);
    return 1;
}

static int pack(lua_State *L) {
    int count = lua_gettop(L);
    clua_charge(L, count);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i >= 1; i--) lua_seti(L, 1, i);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

static int unpack(lua_State *L) {
    lua_Integer from = luaL_optinteger(L, 2, 1);
    lua_Integer end = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (from > end) return 0;
    lua_Unsigned count = (lua_Unsigned)end - (lua_Unsigned)from;
    if (count >= 1000000 || !lua_checkstack(L, (int)count + 1))
        return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned i = 0; i <= count; i++) {
        clua_charge(L, 1);
        lua_geti(L, 1, (lua_Integer)((lua_Unsigned)from + i));
    }
    return (int)count + 1;
}

// MARK: sort

// Merges runs in tables of its own, so no order that a script invents makes it longer than
// n log n, none is invalid, and equal elements keep their order. Stack: 1 table, 2 order or nil,
// 3 and 4 the tables between which the runs are merged.
enum { SORT_FROM = 3, SORT_TO = 4 };

static bool is_less(lua_State *L, int from, lua_Integer a, lua_Integer b) {
    clua_charge(L, 2);
    bool has_order = !lua_isnil(L, 2);
    if (has_order) lua_pushvalue(L, 2);
    lua_rawgeti(L, from, a);
    lua_rawgeti(L, from, b);
    bool is_first_less;
    if (has_order) {
        lua_call(L, 2, 1);
        is_first_less = lua_toboolean(L, -1);
        lua_pop(L, 1);
    } else {
        is_first_less = lua_compare(L, -2, -1, LUA_OPLT);
        lua_pop(L, 2);
    }
    return is_first_less;
}

static void merge(
    lua_State *L, int from, int to, lua_Integer start, lua_Integer middle, lua_Integer end) {
    lua_Integer left = start, right = middle;
    // Already in order: nothing to compare twice.
    bool is_ordered = right >= end || !is_less(L, from, right, right - 1);
    for (lua_Integer place = start; place < end; place++) {
        bool takes_left =
            left < middle && (is_ordered || right >= end || !is_less(L, from, right, left));
        clua_charge(L, 1);
        lua_rawgeti(L, from, takes_left ? left++ : right++);
        lua_rawseti(L, to, place);
    }
}

static int sort(lua_State *L) {
    lua_Integer count = length(L);
    if (count < 2) return 0;
    luaL_argcheck(L, count < INT32_MAX, 1, "array too big");
    if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    int room = (lua_Unsigned)count == lua_rawlen(L, 1) ? (int)count : 0;
    lua_createtable(L, room, 0);
    lua_createtable(L, room, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        clua_charge(L, 1);
        lua_geti(L, 1, i);
        lua_rawseti(L, SORT_FROM, i);
    }
    int from = SORT_FROM, to = SORT_TO;
    for (lua_Integer width = 1; width < count; width *= 2) {
        for (lua_Integer start = 1; start <= count; start += 2 * width) {
            lua_Integer middle = start + width, end = start + 2 * width;
            if (middle > count + 1) middle = count + 1;
            if (end > count + 1) end = count + 1;
            merge(L, from, to, start, middle, end);
        }
        int other = from;
        from = to;
        to = other;
    }
    for (lua_Integer i = 1; i <= count; i++) {
        clua_charge(L, 1);
        lua_rawgeti(L, from, i);
        lua_seti(L, 1, i);
    }
    return 0;
}

void clua_open_tables(lua_State *L) {
    static const luaL_Reg ours[] = {
        {"concat", join}, {"insert", insert}, {"move", move}, {"pack", pack},
        {"remove", take_out}, {"sort", sort}, {"unpack", unpack}, {NULL, NULL},
    };
    luaL_newlib(L, ours);
    lua_setglobal(L, "table");
}
