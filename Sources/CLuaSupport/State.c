// What Swift calls. Each function runs what may raise in a protected call of its own.
#include <stdio.h>
#include <stdlib.h>

#include "Support.h"

// MARK: Protected calls

// Runs a function on the main thread with the limits of a short call of the host's own.
static int protect(clua_state *state, lua_CFunction function, void *context) {
    lua_State *L = state->main;
    if (state->is_broken) return LUA_ERRERR;
    state->running = L;
    state->limit = 0;
    state->is_wide = false;
    state->used = 0;
    state->check_at = 0;
    state->fresh = 0;
    state->used_max = state->limits.instructions_max;
    state->deadline = clua_now() + state->limits.wall_max;
    state->slack = 64 << 10;
    lua_settop(L, 0);
    clua_watch(L, 100);
    lua_pushcfunction(L, function); // light functions take no memory
    lua_pushlightuserdata(L, context);
    int status = lua_pcall(L, 1, 0, 0);
    state->slack = 0;
    state->running = NULL;
    return status;
}

static void set_problem(clua_state *state, int kind, const char *message) {
    clua_problem *problem = &state->problem;
    problem->kind = kind;
    problem->has_code = 0;
    problem->code = 0;
    problem->message = state->message;
    problem->trace = state->trace;
    state->trace[0] = 0;
    snprintf(state->message, sizeof state->message, "%s", message);
}

// MARK: Problems

static void describe_value(lua_State *L, clua_state *state) {
    clua_problem *problem = &state->problem;
    int value = lua_gettop(L);
    if (lua_istable(L, value) && lua_getmetatable(L, value)) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_failure);
        if (lua_rawequal(L, -1, -2)) {
            lua_pushliteral(L, "code");
            lua_rawget(L, value);
            problem->has_code = lua_isinteger(L, -1);
            problem->code = lua_tointeger(L, -1);
        }
        lua_settop(L, value);
    }
    if (lua_isnil(L, value)) lua_pushliteral(L, "error without a value (nil)");
    else luaL_tolstring(L, value, NULL);
    snprintf(state->message, sizeof state->message, "%s", lua_tostring(L, -1));
}

enum { TRACE_FIRST = 20, TRACE_LAST = 5 };

static size_t trace_level(
    lua_State *co, int level, char *to, size_t room) {
    lua_Debug place;
    if (!lua_getstack(co, level, &place)) return 0;
    lua_getinfo(co, "Sln", &place);
    if (place.currentline <= 0 && place.what[0] == 'C') {
        if (!place.name) return 0;
        return (size_t)snprintf(to, room, "[C]: in '%s'\n", place.name);
    }
    if (place.what[0] == 'm')
        return (size_t)snprintf(
            to, room, "%s:%d: in main chunk\n", place.short_src, place.currentline);
    if (place.name)
        return (size_t)snprintf(
            to, room, "%s:%d: in '%s'\n", place.short_src, place.currentline, place.name);
    return (size_t)snprintf(
        to, room, "%s:%d: in function at line %d\n", place.short_src, place.currentline,
        place.linedefined);
}

static void trace(clua_state *state, lua_State *co) {
    lua_Debug place;
    int levels = 0, step = 1 << 20;
    for (; step > 0; step >>= 1)
        if (lua_getstack(co, levels + step - 1, &place)) levels += step;
    size_t used = 0, room = sizeof state->trace;
    for (int level = 0; level < levels && used + 200 < room; level++) {
        if (level == TRACE_FIRST && levels > TRACE_FIRST + TRACE_LAST) {
            used += (size_t)snprintf(
                state->trace + used, room - used, "... (%d more)\n",
                levels - TRACE_FIRST - TRACE_LAST);
            level = levels - TRACE_LAST;
        }
        used += trace_level(co, level, state->trace + used, room - used);
    }
    if (used >= room) used = room - 1;
    state->trace[used] = 0;
}

typedef struct {
    clua_state *state;
    lua_State *coroutine;
} failed_thread;

static int describe(lua_State *L) {
    failed_thread *failed = lua_touserdata(L, 1);
    clua_state *state = failed->state;
    // A script's __tostring gets little.
    state->used_max = 100000;
    state->deadline = clua_now() + 100000000;
    trace(state, failed->coroutine);
    if (lua_gettop(failed->coroutine) > 0) lua_xmove(failed->coroutine, L, 1);
    else lua_pushnil(L);
    describe_value(L, state);
    return 0;
}

static int collect(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

static int fail(clua_state *state, lua_State *co, int status) {
    clua_is_limit(co, co, status);
    int kind = state->limit != 0 ? state->limit : CLUA_RUNTIME;
    const char *limit = clua_limit_text(state);
    set_problem(state, kind, "an error whose value cannot be shown");
    failed_thread failed = {state, co};
    protect(state, describe, &failed);
    // Lua's own text, where the limit was met inside one of its functions.
    if (kind != CLUA_RUNTIME && strcmp(state->message, "not enough memory") == 0) {
        const char *level = state->trace, *next;
        while (strncmp(level, "[C]", 3) == 0 && (next = strchr(level, '\n'))) level = next + 1;
        const char *end = strstr(level, " in ");
        int length = end ? (int)(end - level) : 0;
        snprintf(
            state->message, sizeof state->message, "%.*s%s%s", length, level, end ? " " : "",
            limit);
    }
    if (kind == CLUA_MEMORY) protect(state, collect, NULL);
    if (kind == CLUA_RUNTIME && strstr(state->message, "stack overflow"))
        state->problem.kind = CLUA_DEPTH;
    return CLUA_FAILED;
}

// What a protected call of the host's own left.
static void fail_protected(clua_state *state, int status) {
    lua_State *L = state->main;
    if (state->is_broken) {
        set_problem(state, CLUA_CLOSED, "the state is closed");
        return;
    }
    const char *message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error";
    clua_is_limit(L, L, status);
    int kind = status == LUA_ERRSYNTAX ? CLUA_SYNTAX : state->limit;
    set_problem(state, kind, kind == CLUA_MEMORY ? clua_limit_text(state) : message);
    lua_settop(L, 0);
}

// MARK: Life

// lua_resume makes these texts without protection, so that a lack of memory there would end the
// process. As long as they exist it finds them.
static void keep_texts(lua_State *L) {
    static const char *const texts[] = {
        "cannot resume dead coroutine", "cannot resume non-suspended coroutine",
        "C stack overflow", "error in error handling",
    };
    for (int i = 0; i < 4; i++) {
        lua_pushstring(L, texts[i]);
        luaL_ref(L, LUA_REGISTRYINDEX);
    }
}

static int open_all(lua_State *L) {
    keep_texts(L);
    // The library prepares its buffers at the first that is large; halfway without memory it would
    // not try again.
    luaL_Buffer buffer;
    luaL_buffinitsize(L, &buffer, LUAL_BUFFERSIZE + 1);
    luaL_pushresultsize(&buffer, 0);
    clua_open_base(L);
    clua_open_strings(L);
    clua_open_tables(L);
    clua_open_coroutines(L);
    clua_open_commands(L);
    // Where messages look for a function's name; had the libraries whole.
    static const char *const libraries[] = {
        "string", "table", "math", "utf8", "os", "coroutine", "dt", NULL,
    };
    lua_pushglobaltable(L);
    clua_keep(L, libraries);
    lua_pushglobaltable(L);
    lua_setfield(L, -2, LUA_GNAME);
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    return 0;
}

clua_state *clua_open(
    const clua_limits *limits, const clua_callbacks *callbacks, clua_flag *cancel) {
    if (!clua_open_library()) return NULL;
    clua_state *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    state->limits = *limits;
    state->callbacks = *callbacks;
    state->deadline = INT64_MAX;
    state->blocks.next = state->blocks.previous = &state->blocks;
    state->main = lua_newstate(clua_allocate, state);
    if (!state->main) {
        clua_free_blocks(state);
        free(state);
        return NULL;
    }
    *(clua_state **)lua_getextraspace(state->main) = state;
    int status = protect(state, open_all, NULL);
    state->cancel = cancel;
    if (status == LUA_OK) return state;
    clua_close(state);
    return NULL;
}

int clua_is_installed(void) { return clua_open_library(); }

size_t clua_close(clua_state *state) {
    state->running = NULL;
    state->limits.memory_max = SIZE_MAX >> 1; // finalizers of the library's buffers need a little
    if (!state->is_broken) lua_close(state->main);
    size_t left = clua_free_blocks(state);
    free(state->out.bytes);
    free(state);
    return left;
}

// MARK: Setting up

typedef struct {
    const char *name;
    const uint8_t *bytes;
    size_t count;
    int number, index;
} text_argument;

static int add_function(lua_State *L) {
    text_argument *argument = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_open_commands);
    return clua_add_function(L, argument->name, argument->number, argument->index);
}

int clua_function(clua_state *state, const char *path, int parts, int index) {
    text_argument argument = {.name = path, .number = parts, .index = index};
    int status = protect(state, add_function, &argument);
    if (status == LUA_OK) return 0;
    fail_protected(state, status);
    return -1;
}

static int add_module(lua_State *L) {
    text_argument *argument = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_open_base);
    lua_pushlstring(L, (const char *)argument->bytes, argument->count);
    lua_setfield(L, -2, argument->name);
    return 0;
}

int clua_module(clua_state *state, const char *name, const uint8_t *bytes, size_t count) {
    text_argument argument = {.name = name, .bytes = bytes, .count = count};
    int status = protect(state, add_module, &argument);
    if (status == LUA_OK) return 0;
    fail_protected(state, status);
    return -1;
}

typedef struct {
    text_argument text;
    int status, reference;
} loading;

static int load(lua_State *L) {
    loading *argument = lua_touserdata(L, 1);
    lua_pushfstring(L, "@%s", argument->text.name);
    argument->status = luaL_loadbufferx(
        L, (const char *)argument->text.bytes, argument->text.count, lua_tostring(L, -1), "t");
    if (argument->status != LUA_OK) return lua_error(L);
    clua_own_globals(L);
    argument->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

int clua_load(
    clua_state *state, const char *name, const uint8_t *bytes, size_t count, int *reference) {
    loading argument = {.text = {.name = name, .bytes = bytes, .count = count}};
    state->is_loading = true;
    int status = protect(state, load, &argument);
    clua_is_limit(state->main, state->main, argument.status == LUA_ERRMEM ? LUA_ERRMEM : status);
    state->is_loading = false;
    *reference = argument.reference;
    if (status == LUA_OK) return 0;
    fail_protected(state, argument.status == LUA_ERRSYNTAX ? LUA_ERRSYNTAX : status);
    return -1;
}

void clua_release(clua_state *state, int reference) {
    if (!state->is_broken) luaL_unref(state->main, LUA_REGISTRYINDEX, reference);
}

// MARK: Threads

typedef struct {
    clua_thread *thread;
    int function;
    const uint8_t *bytes;
    size_t count;
    const char *names; // of a delivery
} starting;

static int start(lua_State *L) {
    starting *argument = lua_touserdata(L, 1);
    clua_thread *thread = argument->thread;
    thread->coroutine = lua_newthread(L);
    thread->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    if (argument->names) {
        clua_push_delivery(L, thread, argument->function, argument->names);
        thread->arguments = 2;
    } else {
        lua_rawgeti(L, LUA_REGISTRYINDEX, argument->function);
        luaL_checktype(L, -1, LUA_TFUNCTION);
        thread->arguments = clua_decode_all(L, argument->bytes, argument->count);
    }
    if (!lua_checkstack(thread->coroutine, thread->arguments + 1))
        return luaL_error(L, "too many arguments");
    lua_xmove(L, thread->coroutine, thread->arguments + 1);
    return 0;
}

static clua_thread *start_thread(
    clua_state *state, clua_thread *thread, starting *argument, int64_t wall_max) {
    int status = protect(state, start, argument);
    if (status != LUA_OK) {
        fail_protected(state, status);
        clua_drop(state, thread);
        return NULL;
    }
    thread->deadline = clua_now() + wall_max;
    return thread;
}

static clua_thread *new_thread(clua_state *state) {
    clua_thread *thread = calloc(1, sizeof *thread);
    if (thread) thread->reference = thread->event = LUA_NOREF;
    else set_problem(state, CLUA_MEMORY, "not enough memory");
    return thread;
}

clua_thread *clua_start(
    clua_state *state, int reference, const uint8_t *bytes, size_t count, int64_t wall_max) {
    clua_thread *thread = new_thread(state);
    starting argument = {thread, reference, bytes, count, NULL};
    return thread ? start_thread(state, thread, &argument, wall_max) : NULL;
}

clua_thread *clua_deliver(
    clua_state *state, int reference, const char *names, const clua_rows *rows, size_t first,
    int64_t wall_max) {
    clua_thread *thread = new_thread(state);
    if (!thread) return NULL;
    size_t size = rows->fields * rows->rows * sizeof(clua_slot);
    uint8_t *copy = malloc(size + rows->byte_count + 1);
    if (!copy) {
        set_problem(state, CLUA_MEMORY, "not enough memory");
        free(thread);
        return NULL;
    }
    if (size > 0) memcpy(copy, rows->slots, size);
    if (rows->byte_count > 0) memcpy(copy + size, rows->bytes, rows->byte_count);
    thread->rows = *rows;
    thread->rows.slots = (const clua_slot *)copy;
    thread->rows.bytes = copy + size;
    thread->row = first;
    starting argument = {thread, reference, NULL, 0, names};
    return start_thread(state, thread, &argument, wall_max);
}

int clua_is_delivery(const clua_thread *thread) { return thread->event != LUA_NOREF; }
size_t clua_row(const clua_thread *thread) { return thread->row; }

void clua_drop(clua_state *state, clua_thread *thread) {
    if (!state->is_broken) {
        clua_end_delivery(state->main, thread);
        luaL_unref(state->main, LUA_REGISTRYINDEX, thread->reference);
    }
    free((void *)thread->rows.slots);
    free(thread);
}

int64_t clua_instructions(const clua_thread *thread) { return thread->used; }

static int encode_results(lua_State *L) {
    lua_State *co = *(lua_State **)lua_touserdata(L, 1);
    int count = lua_gettop(co);
    if (count > 200) return luaL_error(L, "more than 200 results");
    luaL_checkstack(L, count, NULL);
    lua_xmove(co, L, count);
    clua_encode_list(L, 2, count + 1);
    return 0;
}

typedef struct {
    clua_thread *thread;
    int status;
} resuming;

static int resume(lua_State *L) {
    resuming *argument = lua_touserdata(L, 1);
    int results = 0;
    argument->status = lua_resume(
        argument->thread->coroutine, L, argument->thread->arguments, &results);
    return 0;
}

// lua_resume protects what it runs. What it raises itself would end the process where nobody
// catches it; caught here, it leaves Lua's own records behind, and the state is not used again.
static int protected_resume(clua_state *state, clua_thread *thread) {
    lua_State *L = state->main;
    resuming argument = {thread, LUA_OK};
    lua_settop(L, 0);
    lua_pushcfunction(L, resume);
    lua_pushlightuserdata(L, &argument);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) state->is_broken = true;
    return argument.status;
}

int clua_resume(
    clua_state *state, clua_thread *thread, int answer, int64_t code, const uint8_t *bytes,
    size_t count) {
    if (state->is_broken) {
        set_problem(state, CLUA_CLOSED, "the state is closed");
        return CLUA_FAILED;
    }
    lua_State *co = thread->coroutine;
    state->answer.kind = answer;
    state->answer.code = code;
    state->answer.bytes = bytes;
    state->answer.count = count;
    state->limit = 0;
    state->is_wide = false;
    state->pause = PAUSE_NONE;
    state->blocked = state->depth = 0;
    state->slack = 0;
    state->fresh = 0;
    state->used = thread->used;
    state->used_max = state->limits.instructions_max;
    state->check_at = state->used;
    state->slice_end = state->used + state->limits.slice;
    state->deadline = thread->deadline;
    state->top = state->running = co;
    clua_watch(co, clua_interval(state));
    int status = protected_resume(state, thread);
    state->running = NULL;
    if (state->is_broken) {
        set_problem(state, CLUA_CLOSED, "Lua failed where it must not; the state is closed");
        return CLUA_FAILED;
    }
    state->answer.kind = CLUA_START;
    thread->arguments = 0;
    thread->used = state->used;
    if (status == LUA_YIELD) {
        if (state->pause == PAUSE_CALL) return CLUA_CALL;
        if (state->pause == PAUSE_SLICE) return CLUA_SLICE;
        set_problem(state, CLUA_RUNTIME, "a thread of the host was resumed by a script");
        return CLUA_FAILED;
    }
    if (status != LUA_OK) return fail(state, co, status);
    status = protect(state, encode_results, &co);
    if (status == LUA_OK) return CLUA_FINISHED;
    fail_protected(state, status);
    return CLUA_FAILED;
}

const uint8_t *clua_bytes(const clua_state *state, size_t *count) {
    *count = state->out.count;
    return state->out.bytes;
}
int clua_called(const clua_state *state) { return state->called; }
const clua_problem *clua_last_problem(const clua_state *state) { return &state->problem; }
