-- `require` finds what the host has provided. In these tests: `one`, `loop`, `broken`.
local one = require "one"
print(one.name, require "one" == one, one.asked) -- expect: one	true	5
print(pcall(require, "unknown")) -- expect: false	no module 'unknown' among the hooks
print(pcall(require, "loop")) -- expect: false	loop.lua:1: module 'loop' requires itself, or failed before
print(pcall(require, "broken")) -- expect: false	broken.lua:1: unexpected symbol near <eof>
print(shared) -- expect: nil
