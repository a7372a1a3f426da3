// Debian's Lua 5.4, as it is, for tests that compare with it; they name the library.
#include <lua5.4/lua.h>

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
