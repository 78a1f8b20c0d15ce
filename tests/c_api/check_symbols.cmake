# SPDX-License-Identifier: MIT
# cmake -DNM=<nm> -DLIBRARY=<libtally_c.so> -DSYMBOLS=<symbols.txt> -P check_symbols.cmake
#
# The library shows what symbols.txt lists, and nothing else. A line that goes is a break of the ABI; a new
# one is added with: nm -D --defined-only <library> | sed 's/.* //' | LC_ALL=C sort

cmake_minimum_required(VERSION 3.20)
execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^ \n]+\n" shown "${output}")
list(TRANSFORM shown STRIP)
list(SORT shown)
file(STRINGS ${SYMBOLS} listed REGEX "^[^#]")

set(foreign ${shown})
list(FILTER foreign EXCLUDE REGEX "^tally_[a-z0-9_]+$")
set(unlisted ${shown})
list(REMOVE_ITEM unlisted ${listed})
set(gone ${listed})
list(REMOVE_ITEM gone ${shown})
if(foreign OR unlisted OR gone)
  message(FATAL_ERROR "not tally's: [${foreign}]; not listed: [${unlisted}]; listed and gone: [${gone}]")
endif()
list(LENGTH shown count)
message(STATUS "${count} symbols, as listed")
