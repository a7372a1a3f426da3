// Lua, opened by whoever runs the first script in it: a program that runs none pays nothing for it
// and starts without it.
#ifndef CLUA_LIBRARY_H
#define CLUA_LIBRARY_H

#include <lua5.4/lua.h>

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdbool.h>

// What this room uses.
#define CLUA_FUNCTIONS(X) \
    X(luaL_addlstring) X(luaL_addstring) X(luaL_addvalue) X(luaL_argerror) X(luaL_buffinit) \
    X(luaL_buffinitsize) X(luaL_checkany) X(luaL_checkinteger) X(luaL_checklstring) \
    X(luaL_checkstack) X(luaL_checktype) X(luaL_checkversion_) X(luaL_error) \
    X(luaL_getmetafield) X(luaL_len) X(luaL_loadbufferx) X(luaL_optinteger) X(luaL_optlstring) \
    X(luaL_prepbuffsize) X(luaL_pushresult) X(luaL_pushresultsize) X(luaL_ref) X(luaL_requiref) \
    X(luaL_setfuncs) X(luaL_tolstring) X(luaL_traceback) X(luaL_typeerror) X(luaL_unref) \
    X(luaL_where) X(lua_absindex) X(lua_callk) X(lua_checkstack) X(lua_close) X(lua_compare) \
    X(lua_concat) X(lua_copy) X(lua_createtable) X(lua_error) X(lua_gc) X(lua_getfield) \
    X(lua_gethookcount) X(lua_geti) X(lua_getinfo) X(lua_getiuservalue) X(lua_getmetatable) \
    X(lua_getstack) X(lua_gettable) X(lua_gettop) X(lua_getupvalue) X(lua_isinteger) \
    X(lua_isstring) X(lua_isyieldable) X(lua_newstate) X(lua_newthread) X(lua_newuserdatauv) \
    X(lua_next) X(lua_pcallk) X(lua_pushboolean) X(lua_pushcclosure) X(lua_pushfstring) \
    X(lua_pushinteger) X(lua_pushlightuserdata) X(lua_pushlstring) X(lua_pushnil) \
    X(lua_pushnumber) X(lua_pushstring) X(lua_pushthread) X(lua_pushvalue) X(lua_rawequal) \
    X(lua_rawget) X(lua_rawgeti) X(lua_rawgetp) X(lua_rawlen) X(lua_rawset) X(lua_rawseti) \
    X(lua_rawsetp) X(lua_resetthread) X(lua_resume) X(lua_rotate) X(lua_setfield) \
    X(lua_setglobal) X(lua_sethook) X(lua_seti) X(lua_setiuservalue) X(lua_setmetatable) \
    X(lua_settop) X(lua_setupvalue) X(lua_status) X(lua_toboolean) X(lua_tocfunction) \
    X(lua_tointegerx) X(lua_tolstring) X(lua_tonumberx) X(lua_tothread) X(lua_touserdata) \
    X(lua_type) X(lua_typename) X(lua_xmove) X(lua_yieldk) X(luaopen_base) X(luaopen_coroutine) \
    X(luaopen_math) X(luaopen_os) X(luaopen_string) X(luaopen_utf8)

typedef struct {
#define CLUA_FIELD(name) __typeof__(name) *name;
    CLUA_FUNCTIONS(CLUA_FIELD)
#undef CLUA_FIELD
} clua_library;

// Filled by clua_open_library; nothing of Lua may be called before.
extern clua_library clua_lua __attribute__((visibility("hidden")));

// From any thread, any number of times. False when Lua is not installed or lacks a function.
bool clua_open_library(void);

#endif
