// Memory, instructions, wall time. Three rules make a bound of them:
// * A limit that was passed stays set until the host takes over, and whatever could catch its error
//   (pcall, coroutine.resume, load ...) raises it again.
// * A function in C that can take long charges its work while it goes.
// * One instruction or one function in C can still cost time in proportion to the largest object
//   (compare two texts, copy a table, count its keys), so the larger the largest block, the fewer
//   instructions pass between two looks at the clock.
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "Support.h"

struct clua_flag { atomic_int value; };

clua_flag *clua_flag_create(void) { return calloc(1, sizeof(clua_flag)); }
void clua_flag_set(clua_flag *flag, int value) { if (flag) atomic_store(&flag->value, value); }
int clua_flag_read(const clua_flag *flag) {
    return flag && atomic_load_explicit(&((clua_flag *)flag)->value, memory_order_relaxed);
}
void clua_flag_free(clua_flag *flag) { free(flag); }

int64_t clua_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// MARK: Memory

// Every block stands in a list, so that a state gives back what the library loses: the finalizer of
// its text buffers fails where C calls are nested as deep as they may be, and runs only once.
enum {
    LARGE = 256 << 10,
    HUGE_BLOCK = 4 << 20,
    // So many fresh bytes bring the next look at the clock forward; 64 bytes cost an instruction.
    FRESH_MAX = 64 << 10,
};

static void count_block(clua_state *state, size_t size, int change) {
    if (size >= HUGE_BLOCK) state->huge += change;
    else if (size >= LARGE) state->large += change;
}

// Makes the next instruction look at the clock. lua_sethook may be called at any time, from a
// signal's handler even.
static void hurry(clua_state *state) {
    state->is_urgent = true;
    if (state->running) lua_sethook(state->running, clua_count, LUA_MASKCOUNT, 1);
}

// Keys of a table that are no places in a list lie in a vector of 2^n nodes. Where a script has
// chosen them so that all fall on one place, moving them to a new vector takes the square of their
// number, in one instruction: a second for what a table may have here. The moves of larger tables
// are timed as well, from the new vector's allocation, over the table's other part, to the release
// of the old one: once one was slow, another must fit in the time that is left.
enum { NODE = 24, NODES_MIN = 4096, NODES_MAX = 65536, SLOW_NANOSECONDS = 2000 };

static size_t nodes(size_t size) {
    size_t count = size / NODE;
    bool is_vector = count >= NODES_MIN && size % NODE == 0 && (count & (count - 1)) == 0;
    return is_vector ? count : 0;
}

static int64_t processor_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Called where the old nodes are given back.
static void end_move(clua_state *state, size_t count) {
    int64_t took = processor_time() - state->move_start;
    if (count == 0 || took < (int64_t)count * SLOW_NANOSECONDS) return;
    double rate = (double)took / (double)count / (double)count;
    if (rate > state->move_rate) state->move_rate = rate;
    state->used += took / 10;
    hurry(state);
}

// Whether there is time to fill a new vector.
static bool can_move(clua_state *state, size_t count) {
    if (count > NODES_MAX) {
        if (state->limit == 0) state->limit = CLUA_MEMORY;
        state->is_wide = true;
        return false;
    }
    if (state->move_rate == 0) return true;
    double cost = state->move_rate * (double)count * (double)count / 2;
    if (cost < (double)(state->deadline - clua_now())) return true;
    if (state->limit == 0) state->limit = CLUA_WALL;
    return false;
}

static clua_block *link_block(clua_state *state, clua_block *block) {
    block->next = &state->blocks;
    block->previous = state->blocks.previous;
    block->previous->next = block->next->previous = block;
    return block;
}

static void unlink_block(clua_block *block) {
    block->previous->next = block->next;
    block->next->previous = block->previous;
}

void *clua_allocate(void *context, void *block, size_t before, size_t after) {
    clua_state *state = context;
    // The library's text buffers, which have any size, come right behind their user data.
    size_t new_nodes =
        !block && before == 0 && state->last_kind != LUA_TUSERDATA ? nodes(after) : 0;
    if (!block && after > 0) state->last_kind = before;
    if (!block) before = 0; // a kind of object otherwise, not a size
    if (state->move_calls > 0 && (--state->move_calls == 0 || nodes(before) > 0)) {
        state->move_calls = 0;
        end_move(state, after == 0 ? nodes(before) : 0);
    }
    if (after == 0) {
        if (!block) return NULL;
        unlink_block((clua_block *)block - 1);
        free((clua_block *)block - 1);
        state->live -= before;
        count_block(state, before, -1);
        return NULL;
    }
    if (after > before) {
        size_t more = after - before, most = state->limits.memory_max + state->slack;
        bool is_late = state->is_loading && clua_now() > state->deadline;
        bool is_slow = new_nodes > 0 && !can_move(state, new_nodes);
        if (state->live > most || more > most - state->live || is_late || is_slow) {
            hurry(state); // a refusal makes Lua collect, which takes long
            return NULL;
        }
        state->fresh += more;
        if (state->fresh >= FRESH_MAX) hurry(state);
    }
    clua_block *own = block ? (clua_block *)block - 1 : NULL;
    if (own) unlink_block(own);
    clua_block *moved = realloc(own, sizeof *own + after);
    if (!moved) {
        if (own) link_block(state, own);
        return after <= before ? block : NULL;
    }
    link_block(state, moved);
    if (new_nodes > 0) {
        state->move_start = processor_time();
        state->move_calls = 2;
    }
    state->live += after - before;
    if (state->live > state->peak) state->peak = state->live;
    count_block(state, before, -1);
    count_block(state, after, 1);
    return moved + 1;
}

size_t clua_free_blocks(clua_state *state) {
    size_t count = 0;
    while (state->blocks.next != &state->blocks) {
        clua_block *block = state->blocks.next;
        unlink_block(block);
        free(block);
        count++;
    }
    return count;
}

size_t clua_memory(const clua_state *state) { return state->live; }
size_t clua_memory_peak(const clua_state *state) { return state->peak; }

// MARK: Work

int clua_interval(const clua_state *state) {
    if (state->limit != 0) return 1;
    return state->huge > 0 ? 8 : state->large > 0 ? 64 : 1000;
}

void clua_watch(lua_State *L, int interval) {
    lua_sethook(L, clua_count, LUA_MASKCOUNT, interval);
}

// The hook.
void clua_count(lua_State *L, lua_Debug *place) {
    (void)place;
    clua_state *state = clua_of(L);
    int interval = lua_gethookcount(L);
    state->used += interval;
    clua_check(L);
    int wanted = clua_interval(state);
    if (wanted != interval) clua_watch(L, wanted);
    if (state->limits.slice > 0 && state->used >= state->slice_end && state->blocked == 0
        && lua_isyieldable(L)) {
        state->pause = PAUSE_SLICE;
        lua_yield(L, 0);
    }
}

void clua_check(lua_State *L) {
    clua_state *state = clua_of(L);
    state->used += (int64_t)(state->fresh >> 6);
    state->fresh = 0;
    state->is_urgent = false;
    state->check_at = state->used + 1000;
    if (state->limit == 0) {
        if (clua_flag_read(state->cancel)) state->limit = CLUA_CANCELLED;
        else if (state->used > state->used_max) state->limit = CLUA_INSTRUCTIONS;
        else if (clua_now() > state->deadline) state->limit = CLUA_WALL;
    }
    if (state->limit != 0) clua_stop(L, state->limit);
}

const char *clua_limit_text(const clua_state *state) {
    switch (state->limit) {
    case CLUA_MEMORY:
        return state->is_wide ? "a table has more than 65536 keys that are no places in a list"
                              : "more memory than allowed";
    case CLUA_INSTRUCTIONS: return "more instructions than allowed";
    case CLUA_WALL: return "more time than allowed";
    case CLUA_DEPTH: return "coroutines nested deeper than allowed";
    default: return "cancelled";
    }
}

// Raises a limit's error; the script cannot catch it.
int clua_stop(lua_State *L, int limit) {
    clua_state *state = clua_of(L);
    if (state->limit == 0) state->limit = limit;
    state->slack = 64 << 10;
    clua_watch(L, 1);
    lua_Debug place;
    int level = 0; // the innermost function in Lua
    while (lua_getstack(L, level, &place)) {
        lua_getinfo(L, "Sl", &place);
        if (place.currentline > 0) {
            lua_pushfstring(
                L, "%s:%d: %s", place.short_src, place.currentline, clua_limit_text(state));
            return lua_error(L);
        }
        level++;
    }
    lua_pushstring(L, clua_limit_text(state));
    return lua_error(L);
}

// The library's buffers raise a plain error with Lua's own text for it.
static bool is_memory_error(lua_State *failed, int status) {
    if (status != LUA_ERRRUN) return status == LUA_ERRMEM;
    if (lua_gettop(failed) == 0 || lua_type(failed, -1) != LUA_TSTRING) return false;
    return strcmp(lua_tostring(failed, -1), "not enough memory") == 0;
}

// Whether an error that something of ours has caught must be raised again: the caller does that
// with the message, which lies on the top of the stack of the thread that failed.
bool clua_is_limit(lua_State *L, lua_State *failed, int status) {
    clua_state *state = clua_of(L);
    if (state->limit == 0 && is_memory_error(failed, status)) {
        bool is_late = state->is_loading && clua_now() > state->deadline;
        state->limit = is_late ? CLUA_WALL : CLUA_MEMORY;
    }
    if (state->limit == 0) return false;
    clua_watch(L, 1);
    return true;
}
