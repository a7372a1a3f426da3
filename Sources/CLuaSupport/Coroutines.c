// Coroutines of scripts. A pause for the host (a command, the end of a slice) passes through all of
// them: it ends each resume on its way out, and each goes on at the host's next resume. They count
// in the same budget, and nest only so deep, because each takes a part of the C stack.

#include "Support.h"

enum { PREPAID = 100 };

// Runs the script's __close handlers of a coroutine. What nests here does not count in Lua's own
// limit of nested C calls.
static int close_thread(lua_State *L, lua_State *co) {
    clua_state *state = clua_of(L);
    if (state->depth >= state->limits.depth_max) return clua_stop(L, CLUA_DEPTH);
    clua_charge(L, PREPAID);
    clua_watch(co, PREPAID);
    state->depth++;
    state->blocked++;
    state->running = co;
    int status = lua_resetthread(co);
    state->running = L;
    state->blocked--;
    state->depth--;
    return status;
}

static void stop_if_limit(lua_State *L, lua_State *co, int status) {
    if (!clua_is_limit(L, co, status)) return;
    if (lua_gettop(co) > 0 && lua_checkstack(L, 1)) lua_xmove(co, L, 1);
    else lua_pushnil(L);
    lua_error(L);
}

// Resumes the coroutine at 1, with values that lie on its stack already. Answers how many values
// were moved to L, or -1 with an error's value.
static int resume(lua_State *L, int count, bool is_wrap, lua_KFunction again) {
    clua_state *state = clua_of(L);
    lua_State *co = lua_tothread(L, is_wrap ? lua_upvalueindex(1) : 1);
    if (state->depth >= state->limits.depth_max) clua_stop(L, CLUA_DEPTH);
    // What runs less than this between two switches is never seen by its hook.
    clua_charge(L, PREPAID);
    clua_watch(co, PREPAID);
    bool is_blocked = !lua_isyieldable(L);
    int results = 0;
    state->depth++;
    state->blocked += is_blocked;
    state->running = co;
    int status = lua_resume(co, L, count, &results);
    state->running = L;
    state->blocked -= is_blocked;
    state->depth--;
    if (status == LUA_YIELD && state->pause != PAUSE_NONE) return lua_yieldk(L, 0, 0, again);
    if (status == LUA_OK || status == LUA_YIELD) {
        if (!lua_checkstack(L, results + 1)) {
            lua_pop(co, results);
            lua_pushliteral(L, "too many results to resume");
            return -1;
        }
        lua_xmove(co, L, results);
        return results;
    }
    stop_if_limit(L, co, status);
    if (is_wrap && lua_status(co) != LUA_OK && lua_status(co) != LUA_YIELD) {
        status = close_thread(L, co);
        stop_if_limit(L, co, status);
    }
    if (!lua_checkstack(L, 2)) luaL_error(L, "stack overflow");
    lua_xmove(co, L, 1);
    return -1;
}

static int pass(lua_State *L, lua_State *co) {
    int count = lua_gettop(L);
    if (!lua_checkstack(co, count)) luaL_error(L, "too many arguments to resume");
    lua_xmove(L, co, count);
    return count;
}

static int answer_resume(lua_State *L, int count) {
    lua_pushboolean(L, count >= 0);
    lua_insert(L, count >= 0 ? -(count + 1) : -2);
    return count >= 0 ? count + 1 : 2;
}

static int resume_again(lua_State *L, int status, lua_KContext context) {
    (void)status, (void)context;
    return answer_resume(L, resume(L, 0, false, resume_again));
}

static int resume_first(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTHREAD);
    lua_State *co = lua_tothread(L, 1);
    int count = lua_gettop(L) - 1;
    if (!lua_checkstack(co, count)) return luaL_error(L, "too many arguments to resume");
    lua_xmove(L, co, count);
    return answer_resume(L, resume(L, count, false, resume_again));
}

static int answer_wrap(lua_State *L, int count) {
    if (count >= 0) return count;
    if (lua_type(L, -1) == LUA_TSTRING) { // says where it came through
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrap_again(lua_State *L, int status, lua_KContext context) {
    (void)status, (void)context;
    return answer_wrap(L, resume(L, 0, true, wrap_again));
}

static int wrap_call(lua_State *L) {
    int count = pass(L, lua_tothread(L, lua_upvalueindex(1)));
    return answer_wrap(L, resume(L, count, true, wrap_again));
}

static int create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    clua_charge(L, PREPAID);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int wrap(lua_State *L) {
    create(L);
    lua_pushcclosure(L, wrap_call, 1);
    return 1;
}

static bool is_resting(lua_State *L, lua_State *co) {
    lua_Debug place;
    if (L == co) return false;
    return lua_status(co) != LUA_OK || lua_getstack(co, 0, &place) == 0;
}

static int close_coroutine(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTHREAD);
    lua_State *co = lua_tothread(L, 1);
    if (!is_resting(L, co)) return luaL_error(L, "cannot close a coroutine that runs");
    int status = close_thread(L, co);
    stop_if_limit(L, co, status);
    lua_pushboolean(L, status == LUA_OK);
    if (status == LUA_OK) return 1;
    lua_xmove(co, L, 1);
    return 2;
}

// The outermost one belongs to the host, which would not know what a script's yield means.
static int yield(lua_State *L) {
    if (L == clua_of(L)->top) return luaL_error(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

static int is_yieldable(lua_State *L) {
    lua_pushboolean(L, lua_isyieldable(L) && L != clua_of(L)->top);
    return 1;
}

static int running(lua_State *L) {
    lua_pushthread(L);
    lua_pushboolean(L, L == clua_of(L)->top);
    return 2;
}

void clua_open_coroutines(lua_State *L) {
    static const char *const kept[] = {"status", NULL};
    static const luaL_Reg ours[] = {
        {"close", close_coroutine}, {"create", create}, {"isyieldable", is_yieldable},
        {"resume", resume_first}, {"running", running}, {"wrap", wrap}, {"yield", yield},
        {NULL, NULL},
    };
    luaL_requiref(L, LUA_COLIBNAME, luaopen_coroutine, 0);
    clua_keep(L, kept);
    luaL_setfuncs(L, ours, 0);
    lua_setglobal(L, LUA_COLIBNAME);
}
