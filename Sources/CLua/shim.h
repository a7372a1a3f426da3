// Debian's Lua 5.4, as it is. The module has no link line: pkg-config names the library.
#include <lua.h>

#include <lauxlib.h>
#include <lualib.h>
