# SPDX-License-Identifier: MIT
# cmake -DOBJDUMP=<objdump> -DLIBRARY=<tally_c.dll> -DSYMBOLS=<symbols.txt> -P check_dll.cmake
#
# The DLL shows what symbols.txt lists and nothing else, and loads only what every Windows has.

cmake_minimum_required(VERSION 3.20)
execute_process(COMMAND ${OBJDUMP} -p ${LIBRARY} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)

string(REGEX MATCHALL "DLL Name: [^\n]+" needed "${output}")
list(TRANSFORM needed REPLACE "^DLL Name: " "")
list(TRANSFORM needed TOLOWER)
list(SORT needed)
set(foreign ${needed})
list(FILTER foreign EXCLUDE REGEX "^(advapi32|bcrypt|crypt32|kernel32|msvcrt|secur32|ws2_32)\\.dll$")
if(foreign)
  message(FATAL_ERROR "loads what Windows does not have: ${foreign}")
endif()

string(REGEX REPLACE "^.*\\[Ordinal/Name Pointer\\] Table" "" table "${output}")
string(REGEX REPLACE "\n\n.*$" "" table "${table}\n\n")
string(APPEND table "\n")
string(REGEX MATCHALL "\\[ *[0-9]+\\][^\n]* [A-Za-z_][A-Za-z0-9_@.]*\n" shown "${table}")
list(TRANSFORM shown REPLACE "^.* ([^ \n]+)\n$" "\\1")
list(SORT shown)
file(STRINGS ${SYMBOLS} listed REGEX "^[^#]")
set(unlisted ${shown})
list(REMOVE_ITEM unlisted ${listed})
set(gone ${listed})
list(REMOVE_ITEM gone ${shown})
if(unlisted OR gone)
  message(FATAL_ERROR "not listed: [${unlisted}]; listed and not shown: [${gone}]")
endif()
list(LENGTH shown count)
file(SIZE ${LIBRARY} bytes)
message(STATUS "${LIBRARY}: ${bytes} bytes, ${count} symbols, as listed; loads ${needed}")
