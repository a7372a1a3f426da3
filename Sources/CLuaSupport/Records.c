// Lists and records in Lua. A list is a table with the one metatable of lists, which does nothing
// but tell an empty list from an empty record. A record has a metatable of its own that holds the
// order of its names: order[place] = name and order[name] = place. A name that was removed leaves
// its place behind, which is skipped because the field is nil, and is closed up now and then.
#include "Support.h"

// The order's table, when the value is a record.
bool clua_push_order(lua_State *L, int record) {
    if (!lua_istable(L, record) || !lua_getmetatable(L, record)) return false;
    if (lua_rawgetp(L, -1, &clua_order) == LUA_TTABLE) {
        lua_remove(L, -2);
        return true;
    }
    lua_pop(L, 2);
    return false;
}

static int next_field(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (!clua_push_order(L, 1)) return luaL_error(L, "a record is needed");
    lua_Integer place = 0;
    if (!lua_isnil(L, 2)) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, 3) != LUA_TNUMBER) return luaL_error(L, "no such field in the record");
        place = lua_tointeger(L, -1);
    }
    for (lua_Integer most = (lua_Integer)lua_rawlen(L, 3); place < most;) {
        clua_charge(L, 1);
        lua_settop(L, 3);
        if (lua_rawgeti(L, 3, ++place) != LUA_TSTRING) continue;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) return 2;
    }
    lua_pushnil(L);
    return 1;
}

static int pairs(lua_State *L) {
    lua_pushcfunction(L, next_field);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

// The names that have a field, in a new order for the record at 1. Leaves it on the stack.
static void close_up(lua_State *L, lua_Integer places) {
    int before = lua_gettop(L);
    lua_createtable(L, (int)(places / 2), (int)(places / 2));
    lua_Integer count = 0;
    for (lua_Integer place = 1; place <= places; place++) {
        clua_charge(L, 1);
        if (lua_rawgeti(L, before, place) == LUA_TSTRING) {
            lua_pushvalue(L, -1);
            if (lua_rawget(L, 1) != LUA_TNIL) {
                lua_pushvalue(L, -2);
                lua_rawseti(L, before + 1, ++count);
                lua_pushvalue(L, -2);
                lua_pushinteger(L, count);
                lua_rawset(L, before + 1);
            }
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_getmetatable(L, 1);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, &clua_order);
    lua_pop(L, 1);
}

// __newindex, and rawset's way: record, name, value.
int clua_record_set(lua_State *L) {
    lua_settop(L, 3);
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "a record's names are texts, this is a %s", luaL_typename(L, 2));
    if (!clua_push_order(L, 1)) return luaL_error(L, "a record is needed");
    lua_pushvalue(L, 2);
    bool has_field = lua_rawget(L, 1) != LUA_TNIL;
    lua_pop(L, 1);
    if (!has_field && lua_isnil(L, 3)) return 0;
    if (!has_field) {
        lua_Integer places = (lua_Integer)lua_rawlen(L, 4);
        // Again and again at every power of two, so that a name costs little in the mean.
        if (places >= 16 && (places & (places - 1)) == 0) {
            close_up(L, places);
            lua_replace(L, 4);
            places = (lua_Integer)lua_rawlen(L, 4);
        }
        lua_pushvalue(L, 2);
        if (lua_rawget(L, 4) == LUA_TNUMBER) {
            lua_pushboolean(L, 0);
            lua_rawseti(L, 4, lua_tointeger(L, -2));
        }
        lua_pop(L, 1);
        lua_pushvalue(L, 2);
        lua_rawseti(L, 4, places + 1);
        lua_pushvalue(L, 2);
        lua_pushinteger(L, places + 1);
        lua_rawset(L, 4);
    }
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 0;
}

// Pushes an empty record. Raises.
void clua_push_record(lua_State *L, int room) {
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, room);
    lua_createtable(L, 0, 5);
    lua_createtable(L, room, room);
    lua_rawsetp(L, -2, &clua_order);
    lua_pushcfunction(L, pairs);
    lua_setfield(L, -2, "__pairs");
    lua_pushcfunction(L, clua_record_set);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "record");
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "record");
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
}

// Takes a name and a value from the stack into a record that does not have the name. Raises.
void clua_record_put(lua_State *L, int record) {
    record = lua_absindex(L, record);
    clua_push_order(L, record);
    lua_Integer place = (lua_Integer)lua_rawlen(L, -1) + 1;
    lua_pushvalue(L, -3);
    lua_rawseti(L, -2, place);
    lua_pushvalue(L, -3);
    lua_pushinteger(L, place);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_rawset(L, record);
}

// MARK: For scripts

// dt.list(table): marks it, so that it is a list when it is empty.
static int make_list(lua_State *L) {
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (lua_getmetatable(L, 1)) return luaL_argerror(L, 1, "the table has a metatable");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_list);
    lua_setmetatable(L, 1);
    return 1;
}

// dt.record(name, value, ...): a record in this order.
static int make_record(lua_State *L) {
    int count = lua_gettop(L);
    luaL_argcheck(L, count % 2 == 0, count, "a value for the name is missing");
    clua_push_record(L, count / 2);
    for (int i = 1; i < count; i += 2) {
        luaL_checkstack(L, 8, NULL);
        lua_pushcfunction(L, clua_record_set);
        lua_pushvalue(L, count + 1);
        lua_pushvalue(L, i);
        lua_pushvalue(L, i + 1);
        lua_call(L, 3, 0);
    }
    return 1;
}

static int none_text(lua_State *L) {
    lua_pushliteral(L, "none");
    return 1;
}

// With the table of `dt` on the stack.
void clua_open_values(lua_State *L) {
    lua_pushlightuserdata(L, &clua_none);
    lua_newtable(L); // for all light userdata, of which there is only this one in a script
    lua_pushcfunction(L, none_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "none");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "none");
    lua_newtable(L);
    lua_pushboolean(L, 1);
    lua_rawsetp(L, -2, &clua_list);
    lua_pushliteral(L, "list");
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "list");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_list);
    lua_pushcfunction(L, make_list);
    lua_setfield(L, -2, "list");
    lua_pushcfunction(L, make_record);
    lua_setfield(L, -2, "record");
}
