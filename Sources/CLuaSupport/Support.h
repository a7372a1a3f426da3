// What the files of this room share. Nothing of it is seen from Swift.
#ifndef CLUA_SUPPORT_PRIVATE_H
#define CLUA_SUPPORT_PRIVATE_H

#include <stdbool.h>
#include <string.h>

#include "CLuaSupport.h"
#include "Names.h"

typedef struct {
    uint8_t *bytes;
    size_t count, room;
} clua_buffer;

typedef struct clua_block {
    struct clua_block *next, *previous;
} clua_block;

struct clua_thread {
    lua_State *coroutine;
    int reference;
    int arguments; // on the coroutine's stack, until the first resume
    int64_t used, deadline;
    // Of a delivery: a copy of the host's rows, and where it stands.
    clua_rows rows;
    size_t row;
    int event; // reference
};

struct clua_state {
    lua_State *main;
    lua_State *running; // whose hook is to be hurried
    lua_State *top;     // the host's coroutine in a resume
    clua_limits limits;
    clua_callbacks callbacks;
    clua_flag *cancel;

    // Memory. `large` and `huge` count live blocks, see clua_interval.
    clua_block blocks; // the list's ends
    size_t live, peak, slack, fresh;
    int large, huge;
    // A move of keys, see Limits.c: when it began, how many calls of the allocator
    // it may last, nanoseconds for the square of a key in the slowest yet.
    size_t last_kind; // of the newest block
    bool is_wide;     // the limit of memory is that of a table
    int64_t move_start;
    int move_calls;
    double move_rate;
    bool is_loading;
    bool is_broken; // nothing may be called any more

    // Work of the call that runs, in instructions; what else costs time is charged as such.
    int64_t used, used_max, check_at, slice_end, deadline;
    bool is_urgent;
    int limit; // CLUA_MEMORY ... once one is passed; nothing in the script can catch it

    // A pause on its way to the host, through any coroutines between.
    enum { PAUSE_NONE, PAUSE_CALL, PAUSE_SLICE } pause;
    int called;
    int blocked; // C calls below that no pause can pass
    int depth;   // coroutines inside each other

    clua_buffer out;
    struct {
        int kind;
        int64_t code;
        const uint8_t *bytes;
        size_t count;
    } answer;
    int hooks;
    clua_problem problem;
    char message[4096], trace[8192];
};

static inline clua_state *clua_of(lua_State *L) { return *(clua_state **)lua_getextraspace(L); }

// Limits.c
void *clua_allocate(void *state, void *block, size_t before, size_t after);
size_t clua_free_blocks(clua_state *state);
int64_t clua_now(void);
const char *clua_limit_text(const clua_state *state);
int clua_interval(const clua_state *state);
void clua_count(lua_State *L, lua_Debug *place);
void clua_watch(lua_State *L, int interval);
void clua_check(lua_State *L);
int clua_stop(lua_State *L, int limit);
bool clua_is_limit(lua_State *L, lua_State *failed, int status);

// Charges work that no instruction counts. Raises when a limit is passed.
static inline void clua_charge(lua_State *L, int64_t work) {
    clua_state *state = clua_of(L);
    state->used += work;
    if (state->used >= state->check_at || state->is_urgent) clua_check(L);
}

// Values.c
extern char clua_none, clua_list, clua_order, clua_failure;
void clua_encode(lua_State *L, int index);
void clua_encode_list(lua_State *L, int first, int last);
void clua_decode(lua_State *L, const uint8_t *bytes, size_t count);
int clua_decode_all(lua_State *L, const uint8_t *bytes, size_t count);
void clua_text(lua_State *L, int index);
void clua_clear(clua_buffer *buffer);

// Records.c
void clua_push_record(lua_State *L, int room);
void clua_record_put(lua_State *L, int record);
bool clua_push_order(lua_State *L, int record);
int clua_record_set(lua_State *L);
void clua_open_values(lua_State *L);

// Events.c
bool clua_is_event(lua_State *L, int index);
void clua_push_event(lua_State *L, int event);
void clua_push_delivery(lua_State *L, struct clua_thread *thread, int function, const char *names);
void clua_end_delivery(lua_State *L, struct clua_thread *thread);
void clua_open_events(lua_State *L);

// Match.c, Strings.c, Tables.c, Coroutines.c, Base.c, Commands.c
int clua_find(lua_State *L);
int clua_match(lua_State *L);
int clua_gmatch(lua_State *L);
int clua_gsub(lua_State *L);
void clua_open_strings(lua_State *L);
void clua_open_tables(lua_State *L);
void clua_open_coroutines(lua_State *L);
void clua_open_base(lua_State *L);
void clua_own_globals(lua_State *L);
void clua_open_commands(lua_State *L);
int clua_add_function(lua_State *L, const char *path, int parts, int index);
int clua_failure_text(lua_State *L);

// Leaves a new table with the functions of the one on the stack that are named, ended by NULL.
void clua_keep(lua_State *L, const char *const *names);

#endif
