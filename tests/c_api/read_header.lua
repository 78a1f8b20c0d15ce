-- SPDX-License-Identifier: MIT
-- read_header.lua <declarations> <libtally_c.so>: LuaJIT reads the header and calls the library.
local ffi = require("ffi")
ffi.cdef(assert(io.open(arg[1])):read("*a"))
local tally = ffi.load(arg[2])
local amount = ffi.new("tally_amount")
local failure = ffi.new("tally_error", { struct_size = ffi.sizeof("tally_error") })
assert(tally.tally_decimal_parse("0.00868", 7, amount, failure) == ffi.C.TALLY_OK)
assert(amount.units == 0 and amount.attos == 8680000000000000LL)
assert(tally.tally_decimal_parse("dear", 4, amount, failure) == ffi.C.TALLY_E_INVALID_ARGUMENT)
assert(ffi.string(failure.message) ~= "")
print("LuaJIT: " .. ffi.string(tally.tally_version()) .. " " .. failure.code)
