// Opens Debian's Lua 5.4 as it is. Closed by the end of the process.
#include "Library.h"

#include <dlfcn.h>
#include <pthread.h>

clua_library clua_lua;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_open;

static void open_library(void) {
    void *handle = dlopen("liblua5.4.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return;
#define CLUA_FIND(name) \
    if (!(clua_lua.name = (__typeof__(clua_lua.name))dlsym(handle, #name))) return;
    CLUA_FUNCTIONS(CLUA_FIND)
#undef CLUA_FIND
    is_open = true;
}

bool clua_open_library(void) {
    pthread_once(&once, open_library);
    return is_open;
}
