// The only way from Swift to Lua. Every function of Lua that may raise runs in here under lua_pcall
// or lua_resume, so that no longjmp ever passes a Swift frame; values cross as bytes (Values.c says
// which), so that no Swift code runs between two calls of Lua's interface.
#ifndef CLUASUPPORT_H
#define CLUASUPPORT_H

#include <stddef.h>
#include <stdint.h>

typedef struct clua_state clua_state;
typedef struct clua_thread clua_thread;
typedef struct clua_flag clua_flag;

typedef struct {
    size_t memory_max;        // bytes
    int64_t instructions_max; // for one call
    int64_t slice;            // instructions between two pauses; 0: none
    int64_t wall_max;         // nanoseconds for one call, its waiting included
    int depth_max;            // coroutines inside each other
} clua_limits;

// Called while Lua runs; they must not call back into this state.
typedef struct {
    void *context;
    void (*output)(void *context, const char *script, const char *bytes, size_t count);
    // dt.on: an encoded list of the pattern and the options. Answers whether it is accepted;
    // otherwise the reason stands in `problem`, ended by a zero.
    int (*registered)(
        void *context, const uint8_t *bytes, size_t count, int reference, char *problem,
        size_t problem_max);
} clua_callbacks;

enum {
    CLUA_FINISHED, // the results wait in clua_bytes as an encoded list
    CLUA_CALL,     // a command: clua_called, its arguments in clua_bytes as an encoded list
    CLUA_SLICE,    // runs on at the next resume
    CLUA_FAILED,   // clua_last_problem says why
};

enum { CLUA_START, CLUA_RETURNING, CLUA_FAILING };

enum {
    CLUA_RUNTIME,
    CLUA_SYNTAX,
    CLUA_MEMORY,
    CLUA_INSTRUCTIONS,
    CLUA_WALL,
    CLUA_DEPTH,
    CLUA_CANCELLED,
    CLUA_CLOSED,
};

typedef struct {
    int kind;
    int has_code; // an error that a command's failure made
    int64_t code;
    const char *message; // of the state, until its next use
    const char *trace;   // a line for each level, the innermost first
} clua_problem;

// A field of an event: kinds 0 none, 1 false, 2 true, 3 integer, 4 decimal, 5 text, 6 any value,
// encoded.
typedef struct {
    union {
        int64_t number;
        double decimal;
        struct {
            uint32_t start, count; // in the batch's bytes
        } text;
    };
    uint8_t kind;
} clua_slot;

// Events of one kind: `fields` slots for each of `rows` events.
typedef struct {
    const clua_slot *slots;
    const uint8_t *bytes;
    size_t fields, rows, byte_count;
} clua_rows;

// Lives apart from a state, because another thread sets it.
clua_flag *clua_flag_create(void);
void clua_flag_set(clua_flag *flag, int value);
int clua_flag_read(const clua_flag *flag);
void clua_flag_free(clua_flag *flag);

// Whether Lua itself is there; it is opened by this or by the first state.
int clua_is_installed(void);
// NULL without Lua, or when the memory allowed is too small for the libraries.
clua_state *clua_open(
    const clua_limits *limits, const clua_callbacks *callbacks, clua_flag *cancel);
// Gives everything back. Answers how many blocks the library had lost until then: 0, or a buffer of
// its own when a script drove it to the end of C's stack.
size_t clua_close(clua_state *state);
size_t clua_memory(const clua_state *state);
size_t clua_memory_peak(const clua_state *state);

// Puts a command into the tree: `parts` names, each ended by a zero.
int clua_function(clua_state *state, const char *path, int parts, int index);
// What `require name` finds.
int clua_module(clua_state *state, const char *name, const uint8_t *bytes, size_t count);
// Compiles a text; 0 and a reference, or -1 and a problem.
int clua_load(
    clua_state *state, const char *name, const uint8_t *bytes, size_t count, int *reference);
void clua_release(clua_state *state, int reference);

// NULL and a problem when there is no memory. The arguments are an encoded list.
clua_thread *clua_start(
    clua_state *state, int reference, const uint8_t *bytes, size_t count, int64_t wall_max);
int clua_resume(
    clua_state *state, clua_thread *thread, int answer, int64_t code, const uint8_t *bytes,
    size_t count);
// A thread that calls the function with each event from the row `first` on. Copies the rows.
// `names`: the fields', each ended by a zero.
clua_thread *clua_deliver(
    clua_state *state, int reference, const char *names, const clua_rows *rows, size_t first,
    int64_t wall_max);
// The event at which a delivery stands.
int clua_is_delivery(const clua_thread *thread);
size_t clua_row(const clua_thread *thread);
// Ends a thread, finished or not.
void clua_drop(clua_state *state, clua_thread *thread);
int64_t clua_instructions(const clua_thread *thread);

const uint8_t *clua_bytes(const clua_state *state, size_t *count);
int clua_called(const clua_state *state);
const clua_problem *clua_last_problem(const clua_state *state);

#endif
