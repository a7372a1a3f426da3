// Batches of events: one object stands for each event in turn and reads its fields from the host's
// rows when the script asks, so that an event costs a call and not a table.
#include <stdlib.h>

#include "Support.h"

char clua_event;

typedef struct {
    const struct clua_thread *thread; // NULL once the batch is over
} event_object;

// MARK: Fields

static void push_slot(lua_State *L, const clua_rows *rows, const clua_slot *slot) {
    switch (slot->kind) {
    case 1: lua_pushboolean(L, 0); return;
    case 2: lua_pushboolean(L, 1); return;
    case 3: lua_pushinteger(L, slot->number); return;
    case 4: lua_pushnumber(L, slot->decimal); return;
    case 5:
        lua_pushlstring(L, (const char *)rows->bytes + slot->text.start, slot->text.count);
        return;
    case 6: clua_decode(L, rows->bytes + slot->text.start, slot->text.count); return;
    default: lua_pushnil(L);
    }
}

static const struct clua_thread *thread_of(lua_State *L, int event) {
    event_object *object = lua_touserdata(L, event);
    if (!object->thread) luaL_error(L, "the event is over; 'dt.copy(event)' keeps one");
    return object->thread;
}

// Only events have this metatable, and no script gets at it.
static int read_field(lua_State *L) {
    const struct clua_thread *thread = thread_of(L, 1);
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNUMBER) {
        lua_pushnil(L);
        return 1;
    }
    const clua_rows *rows = &thread->rows;
    size_t field = (size_t)lua_tointeger(L, -1);
    push_slot(L, rows, &rows->slots[thread->row * rows->fields + field]);
    return 1;
}

static int write_field(lua_State *L) {
    return luaL_error(L, "an event cannot be changed; 'dt.copy(event)' can");
}

bool clua_is_event(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return false;
    bool is_event = lua_rawgetp(L, -1, &clua_event) != LUA_TNIL;
    lua_pop(L, 2);
    return is_event;
}

// Pushes the event as a record. Raises.
void clua_push_event(lua_State *L, int event) {
    event = lua_absindex(L, event);
    const struct clua_thread *thread = thread_of(L, event);
    const clua_rows *rows = &thread->rows;
    lua_getiuservalue(L, event, 1);
    clua_push_record(L, (int)rows->fields);
    for (size_t field = 0; field < rows->fields; field++) {
        const clua_slot *slot = &rows->slots[thread->row * rows->fields + field];
        if (slot->kind == 0) continue;
        lua_rawgeti(L, -2, (lua_Integer)field);
        push_slot(L, rows, slot);
        clua_record_put(L, -3);
    }
    lua_remove(L, -2);
}

// dt.copy(event)
static int copy(lua_State *L) {
    lua_settop(L, 1);
    if (!clua_is_event(L, 1)) return luaL_typeerror(L, 1, "event");
    clua_push_event(L, 1);
    return 1;
}

static int pairs(lua_State *L) {
    clua_push_event(L, 1);
    luaL_getmetafield(L, -1, "__pairs");
    lua_insert(L, -2);
    lua_call(L, 1, 3);
    return 3;
}

// MARK: Delivery

static int deliver(lua_State *L, size_t row);

static int delivered(lua_State *L, int status, lua_KContext row) {
    (void)status;
    return deliver(L, (size_t)row + 1);
}

// Stack: 1 function, 2 event. Every event has the whole budget of instructions.
static int deliver(lua_State *L, size_t row) {
    clua_state *state = clua_of(L);
    struct clua_thread *thread = (struct clua_thread *)thread_of(L, 2);
    lua_settop(L, 2);
    for (; row < thread->rows.rows; row++) {
        thread->row = row;
        state->slice_end -= state->used;
        state->check_at -= state->used;
        state->used = 0;
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 2);
        lua_callk(L, 1, 0, (lua_KContext)row, delivered);
    }
    return 0;
}

static int deliver_first(lua_State *L) { return deliver(L, (size_t)thread_of(L, 2)->row); }

// Pushes what the thread runs: the driver, the function and the event. Raises.
void clua_push_delivery(lua_State *L, struct clua_thread *thread, int function, const char *names) {
    lua_pushcfunction(L, deliver_first);
    lua_rawgeti(L, LUA_REGISTRYINDEX, function);
    luaL_checktype(L, -1, LUA_TFUNCTION);
    event_object *object = lua_newuserdatauv(L, sizeof *object, 1);
    object->thread = NULL;
    lua_createtable(L, (int)thread->rows.fields, (int)thread->rows.fields);
    for (size_t field = 0; field < thread->rows.fields; field++, names += strlen(names) + 1) {
        lua_pushstring(L, names);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (lua_Integer)field);
        lua_pushinteger(L, (lua_Integer)field);
        lua_rawset(L, -3);
    }
    lua_setiuservalue(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_event);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    thread->event = luaL_ref(L, LUA_REGISTRYINDEX);
    object->thread = thread;
}

// The host's rows may go after this, the object stays wherever the script has put it.
void clua_end_delivery(lua_State *L, struct clua_thread *thread) {
    if (thread->event == LUA_NOREF) return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, thread->event);
    ((event_object *)lua_touserdata(L, -1))->thread = NULL;
    lua_pop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, thread->event);
}

// With the table of `dt` on the stack.
void clua_open_events(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"__index", read_field}, {"__newindex", write_field}, {"__pairs", pairs}, {NULL, NULL},
    };
    luaL_newlib(L, methods);
    lua_pushliteral(L, "event");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "event");
    lua_setfield(L, -2, "__metatable");
    lua_pushboolean(L, 1);
    lua_rawsetp(L, -2, &clua_event);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_event);
    lua_pushcfunction(L, copy);
    lua_setfield(L, -2, "copy");
}
