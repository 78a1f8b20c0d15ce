# SPDX-License-Identifier: MIT
# read_header.py <declarations> <libtally_c.so>: cffi reads the header and calls the library.
import sys

try:
    import cffi
except ImportError:
    print("skipped: this Python has no cffi")
    sys.exit(0)

ffi = cffi.FFI()
ffi.cdef(open(sys.argv[1]).read())
tally = ffi.dlopen(sys.argv[2])
amount = ffi.new("tally_amount*")
error = ffi.new("tally_error*", {"struct_size": ffi.sizeof("tally_error")})
assert tally.tally_decimal_parse(b"0.00868", 7, amount, error) == tally.TALLY_OK
assert (amount.units, amount.attos) == (0, 8_680_000_000_000_000)
assert tally.tally_decimal_parse(b"dear", 4, amount, error) == tally.TALLY_E_INVALID_ARGUMENT
assert ffi.string(error.message)
print("cffi:", ffi.string(tally.tally_version()).decode(), error.code)
