// The basic library without files, control of the collector or finalizers, and with catchers of
// errors that let a limit's error through.
#include <stdlib.h>

#include "Support.h"

// MARK: Catching

static int caught(lua_State *L, int status, lua_KContext skipped) {
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)skipped;
    if (clua_is_limit(L, L, status)) return lua_error(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

// An error that is caught costs time in proportion to the whole depth of calls; where thousands of
// catchers inside each other raise a limit again, that makes a square.
static void check_depth(lua_State *L) {
    enum { CATCHER_DEPTH_MAX = 4000 };
    lua_Debug place;
    if (lua_getstack(L, CATCHER_DEPTH_MAX, &place))
        luaL_error(L, "stack overflow: %d calls deep, too deep to catch errors", CATCHER_DEPTH_MAX);
}

static int protected_call(lua_State *L) {
    check_depth(L);
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return caught(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, caught), 0);
}

// The script's handler, upvalue 1, does not see the error of a limit.
static int handle(lua_State *L) {
    if (clua_of(L)->limit != 0) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int protected_call_handling(lua_State *L) {
    check_depth(L);
    int count = lua_gettop(L) - 2;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handle, 1);
    lua_replace(L, 2); // 1 function, 2 handler, 3 ... arguments
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); // 3 true, 4 function, 5 ... arguments
    return caught(L, lua_pcallk(L, count, LUA_MULTRET, 2, 2, caught), 2);
}

// MARK: Loading

// The pieces that a function gives, as one text on the stack.
static const char *collect(lua_State *L, size_t *count) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (;;) {
        clua_charge(L, 10);
        lua_pushvalue(L, 1);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1)) break;
        if (!lua_isstring(L, -1)) luaL_error(L, "reader function must return a string");
        size_t length;
        lua_tolstring(L, -1, &length);
        if (length == 0) break;
        luaL_addvalue(&buffer);
    }
    lua_pop(L, 1);
    luaL_pushresult(&buffer);
    return lua_tolstring(L, -1, count);
}

// As luaL_loadbufferx, texts only, with a look at the clock on the way.
static int load_text(lua_State *L, const char *bytes, size_t count, const char *name) {
    clua_state *state = clua_of(L);
    clua_charge(L, (int64_t)(count >> 1));
    bool was_loading = state->is_loading;
    state->is_loading = true;
    int status = luaL_loadbufferx(L, bytes, count, name, "t");
    bool is_limit = clua_is_limit(L, L, status);
    state->is_loading = was_loading;
    if (is_limit) lua_error(L);
    return status;
}

static int load(lua_State *L) {
    size_t count;
    bool has_environment = !lua_isnone(L, 4);
    bool is_text = lua_isstring(L, 1);
    if (!is_text) luaL_checktype(L, 1, LUA_TFUNCTION);
    const char *name = luaL_optstring(L, 2, is_text ? lua_tostring(L, 1) : "=(load)");
    lua_settop(L, 4);
    const char *bytes = is_text ? lua_tolstring(L, 1, &count) : collect(L, &count);
    if (load_text(L, bytes, count, name) != LUA_OK) {
        luaL_pushfail(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(L, 4);
        if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
    }
    return 1;
}

// Gives the file whose function is on the top globals of its own; the libraries lie behind them.
void clua_own_globals(lua_State *L) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushglobaltable(L);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, LUA_GNAME);
    lua_setupvalue(L, -2, 1);
}

// What the host has provided, compiled and run once. Upvalues: texts, results.
static int required(lua_State *L, int status, lua_KContext context) {
    (void)status, (void)context;
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        lua_pushboolean(L, 1);
        lua_replace(L, 2);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, lua_upvalueindex(2));
    return 1;
}

static int require(lua_State *L) {
    size_t count;
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
        if (lua_type(L, -1) == LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) == &clua_failure)
            return luaL_error(L, "module '%s' requires itself, or failed before", name);
        return 1;
    }
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TSTRING)
        return luaL_error(L, "no module '%s' among the hooks", name);
    const char *bytes = lua_tolstring(L, -1, &count);
    lua_pushfstring(L, "@%s.lua", name);
    if (load_text(L, bytes, count, lua_tostring(L, -1)) != LUA_OK) return lua_error(L);
    clua_own_globals(L);
    lua_replace(L, 2);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, &clua_failure);
    lua_rawset(L, lua_upvalueindex(2));
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 1, 0, required);
    return required(L, LUA_OK, 0);
}

// MARK: The rest

static int set_metatable(lua_State *L) {
    int kind = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, kind == LUA_TNIL || kind == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    static const char *const refused[] = {"__gc", "__mode"};
    for (int i = 0; kind == LUA_TTABLE && i < 2; i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "'%s' is not available to scripts", refused[i]);
        lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int raw_set(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    if (clua_push_order(L, 1)) {
        lua_pop(L, 1);
        clua_record_set(L);
    } else {
        lua_rawset(L, 1);
    }
    lua_settop(L, 1);
    return 1;
}

static int collector(lua_State *L) {
    const char *what = luaL_optstring(L, 1, "count");
    if (strcmp(what, "count") != 0)
        return luaL_error(L, "the collector works by itself; only \"count\" is available");
    lua_pushnumber(L, (lua_Number)clua_of(L)->live / 1024);
    return 1;
}

static int trace(lua_State *L) {
    if (lua_isthread(L, 1))
        luaL_traceback(L, lua_tothread(L, 1), luaL_optstring(L, 2, NULL), 0);
    else if (!lua_isstring(L, 1) && !lua_isnoneornil(L, 1))
        lua_settop(L, 1);
    else
        luaL_traceback(L, L, luaL_optstring(L, 1, NULL), (int)luaL_optinteger(L, 2, 1));
    return 1;
}

// Gives Lua's name for weak tables other bytes, so that no table is ever weak: with weak keys one
// step of the collector, which nothing can interrupt, may take hours. Checked by a test.
static void forget_weak_tables(lua_State *L) {
    char *name = (char *)lua_pushliteral(L, "__mode");
    name[0] = '\1';
    lua_pop(L, 1);
}

void clua_open_base(lua_State *L) {
    static const char *const kept[] = {
        "assert", "error", "getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget",
        "rawlen", "select", "tonumber", "tostring", "type", "_VERSION", NULL,
    };
    static const char *const kept_math[] = {
        "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log",
        "max", "maxinteger", "min", "mininteger", "modf", "pi", "rad", "random", "randomseed",
        "sin", "sqrt", "tan", "tointeger", "type", "ult", NULL,
    };
    static const char *const kept_os[] = {"clock", "date", "difftime", "time", NULL};
    static const luaL_Reg ours[] = {
        {"collectgarbage", collector}, {"load", load}, {"pcall", protected_call},
        {"rawset", raw_set}, {"setmetatable", set_metatable},
        {"xpcall", protected_call_handling}, {NULL, NULL},
    };
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 1);
    clua_keep(L, kept);
    luaL_setfuncs(L, ours, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, LUA_GNAME);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 0);
    clua_keep(L, kept_math);
    lua_setglobal(L, LUA_MATHLIBNAME);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    lua_pop(L, 1);
    luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 0);
    clua_keep(L, kept_os);
    lua_setglobal(L, LUA_OSLIBNAME);
    lua_newtable(L);
    lua_pushcfunction(L, trace);
    lua_setfield(L, -2, "traceback");
    lua_setglobal(L, LUA_DBLIBNAME);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_open_base); // the modules' texts
    lua_newtable(L);
    lua_pushcclosure(L, require, 2);
    lua_setglobal(L, "require");
    forget_weak_tables(L);
}
