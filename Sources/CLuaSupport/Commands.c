// `dt`: the host's commands as functions, its hooks, its log. A command suspends the coroutine; the
// host resumes it with an answer or a failure.
#include "Support.h"

enum { OUTPUT_MAX = 64 << 10, HOOKS_MAX = 10000, ARGUMENTS_MAX = 200 };

// MARK: Commands

// A failed command raises a table: code, message, command, and `place` for its text.
static void push_failure(lua_State *L, const char *command) {
    clua_state *state = clua_of(L);
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, state->answer.code);
    lua_setfield(L, -2, "code");
    lua_pushlstring(L, (const char *)state->answer.bytes, state->answer.count);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, command);
    lua_setfield(L, -2, "command");
    luaL_where(L, 1);
    lua_setfield(L, -2, "place");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_failure);
    lua_setmetatable(L, -2);
}

static void put_field(lua_State *L, luaL_Buffer *buffer, const char *name, const char *after) {
    lua_pushstring(L, name);
    if (lua_rawget(L, 1) == LUA_TSTRING || lua_type(L, -1) == LUA_TNUMBER) {
        luaL_addvalue(buffer);
        luaL_addstring(buffer, after);
    } else {
        lua_pop(L, 1);
    }
}

// Its __tostring.
int clua_failure_text(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    put_field(L, &buffer, "place", "");
    put_field(L, &buffer, "command", ": ");
    put_field(L, &buffer, "message", " (");
    put_field(L, &buffer, "code", ")");
    luaL_pushresult(&buffer);
    return 1;
}

static int answered(lua_State *L, int status, lua_KContext context) {
    (void)status, (void)context;
    clua_state *state = clua_of(L);
    int kind = state->answer.kind;
    state->answer.kind = CLUA_START; // is good for one command
    const char *command = lua_tostring(L, lua_upvalueindex(2));
    if (kind == CLUA_FAILING) {
        push_failure(L, command);
        return lua_error(L);
    }
    if (kind != CLUA_RETURNING)
        return luaL_error(L, "'%s' was resumed by somebody else", command);
    clua_decode(L, state->answer.bytes, state->answer.count);
    return 1;
}

static int call(lua_State *L, int first) {
    clua_state *state = clua_of(L);
    clua_charge(L, 100);
    if (!lua_isyieldable(L) || state->blocked > 0)
        return luaL_error(
            L, "'%s' cannot wait inside a sort's order, gsub, load, __close or a metamethod of C",
            lua_tostring(L, lua_upvalueindex(2)));
    if (lua_gettop(L) > ARGUMENTS_MAX)
        return luaL_error(L, "more than %d arguments", ARGUMENTS_MAX);
    clua_encode_list(L, first, lua_gettop(L));
    state->called = (int)lua_tointeger(L, lua_upvalueindex(1));
    state->pause = PAUSE_CALL;
    return lua_yieldk(L, 0, 0, answered);
}

static int call_function(lua_State *L) { return call(L, 1); }
// For a name that is both a command and a group of them: the group comes first.
static int call_group(lua_State *L) { return call(L, 2); }

// With `dt` on the top of the stack. Raises.
int clua_add_function(lua_State *L, const char *path, int parts, int index) {
    luaL_Buffer name;
    luaL_buffinit(L, &name);
    const char *part = path;
    for (int i = 0; i < parts; i++, part += strlen(part) + 1) {
        if (i > 0) luaL_addchar(&name, '.');
        luaL_addstring(&name, part);
    }
    luaL_pushresult(&name);
    int full = lua_gettop(L);
    lua_pushvalue(L, full - 1);
    part = path;
    for (int i = 0; i < parts - 1; i++, part += strlen(part) + 1) {
        if (lua_getfield(L, -1, part) == LUA_TTABLE) continue;
        lua_newtable(L);
        if (lua_tocfunction(L, -2) == call_function) { // was a command alone
            lua_getupvalue(L, -2, 1);
            lua_getupvalue(L, -3, 2);
            lua_pushcclosure(L, call_group, 2);
            lua_createtable(L, 0, 1);
            lua_insert(L, -2);
            lua_setfield(L, -2, "__call");
            lua_setmetatable(L, -2);
        }
        lua_pushvalue(L, -1);
        lua_setfield(L, -4, part);
    }
    bool is_group = lua_getfield(L, -1, part) == LUA_TTABLE;
    if (is_group) lua_createtable(L, 0, 1);
    lua_pushinteger(L, index);
    lua_pushvalue(L, full);
    lua_pushcclosure(L, is_group ? call_group : call_function, 2);
    if (is_group) {
        lua_setfield(L, -2, "__call");
        lua_setmetatable(L, -2);
    } else {
        lua_setfield(L, -3, part);
    }
    return 0;
}

// MARK: Output

// The file whose function called.
static const char *script(lua_State *L, lua_Debug *place) {
    for (int level = 1; lua_getstack(L, level, place); level++) {
        lua_getinfo(L, "S", place);
        if (place->what[0] != 'C') return place->short_src;
    }
    return "";
}

static int output(lua_State *L) {
    int count = lua_gettop(L);
    lua_Debug place;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int i = 1; i <= count; i++) {
        size_t length;
        luaL_tolstring(L, i, &length);
        clua_charge(L, (int64_t)(length >> 4));
        if (i > 1) {
            lua_pushliteral(L, "\t");
            lua_insert(L, -2);
            lua_concat(L, 2);
        }
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    clua_charge(L, 100);
    clua_state *state = clua_of(L);
    size_t length;
    const char *bytes = lua_tolstring(L, -1, &length);
    if (length > OUTPUT_MAX) length = OUTPUT_MAX;
    state->callbacks.output(state->callbacks.context, script(L, &place), bytes, length);
    return 0;
}

// MARK: Hooks

// dt.on(pattern, [options,] function)
static int on(lua_State *L) {
    clua_state *state = clua_of(L);
    luaL_checkstring(L, 1);
    if (lua_isfunction(L, 2)) {
        lua_settop(L, 2);
        clua_push_record(L, 0);
        lua_insert(L, 2);
    }
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    if (state->hooks >= HOOKS_MAX) return luaL_error(L, "more than %d hooks", HOOKS_MAX);
    clua_charge(L, 100);
    clua_encode_list(L, 1, 2);
    lua_settop(L, 3);
    int reference = luaL_ref(L, LUA_REGISTRYINDEX);
    char problem[400];
    if (!state->callbacks.registered(
            state->callbacks.context, state->out.bytes, state->out.count, reference, problem,
            sizeof problem)) {
        luaL_unref(L, LUA_REGISTRYINDEX, reference);
        return luaL_error(L, "dt.on: %s", problem);
    }
    state->hooks++;
    return 0;
}

// Leaves `dt` in the registry, where the host adds its commands.
void clua_open_commands(lua_State *L) {
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, clua_failure_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "error");
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_failure);
    lua_newtable(L);
    clua_open_values(L);
    clua_open_events(L);
    lua_pushcfunction(L, on);
    lua_setfield(L, -2, "on");
    lua_pushcfunction(L, output);
    lua_setfield(L, -2, "log");
    lua_pushcfunction(L, output);
    lua_setglobal(L, "print");
    lua_pushvalue(L, -1);
    lua_setglobal(L, "dt");
    lua_pushvalue(L, -1);
    lua_setglobal(L, "understudy");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_open_commands);
}
