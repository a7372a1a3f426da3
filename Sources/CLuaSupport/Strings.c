// The library of texts: ours where the library's own function can run without a bound.

#include "Support.h"

void clua_keep(lua_State *L, const char *const *names) {
    lua_newtable(L);
    for (; *names; names++) {
        lua_getfield(L, -2, *names);
        lua_setfield(L, -2, *names);
    }
    lua_remove(L, -2);
}

// The library's goes round once for each repetition, even of nothing.
static int repeat(lua_State *L) {
    size_t length, gap_length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Integer count = luaL_checkinteger(L, 2);
    const char *gap = luaL_optlstring(L, 3, "", &gap_length);
    size_t unit = length + gap_length, most = clua_of(L)->limits.memory_max;
    if (count <= 0 || unit == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    // What can never fit is a limit passed, like what does not fit now.
    if ((lua_Unsigned)count > most / unit + 1) return clua_stop(L, CLUA_MEMORY);
    size_t total = unit * (size_t)count - gap_length;
    clua_charge(L, (int64_t)(total >> 6));
    luaL_Buffer buffer;
    char *bytes = luaL_buffinitsize(L, &buffer, total);
    memcpy(bytes, text, length);
    if (count > 1) {
        memcpy(bytes + length, gap, gap_length);
        size_t done = unit;
        while (done < total) {
            size_t piece = done < total - done ? done : total - done;
            memcpy(bytes + done, bytes, piece);
            done += piece;
        }
    }
    luaL_pushresultsize(&buffer, total);
    return 1;
}

void clua_open_strings(lua_State *L) {
    static const char *const kept[] = {
        "byte", "char", "format", "len", "lower", "pack", "packsize", "reverse", "sub", "unpack",
        "upper", NULL,
    };
    static const luaL_Reg ours[] = {
        {"find", clua_find}, {"gmatch", clua_gmatch}, {"gsub", clua_gsub}, {"match", clua_match},
        {"rep", repeat}, {NULL, NULL},
    };
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
    clua_keep(L, kept);
    luaL_setfuncs(L, ours, 0);
    lua_pushliteral(L, ""); // methods of texts come from here too
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "string");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    lua_setglobal(L, LUA_STRLIBNAME);
}
