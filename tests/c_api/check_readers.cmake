# SPDX-License-Identifier: MIT
# cmake -DHEADER=<c_api.h> -DLIBRARY=<libtally_c.so> -DREADER=<interpreter> -DSCRIPT=<program> -DWORK=<file>
#       -P check_readers.cmake
#
# What the header promises to readers as cffi's and LuaJIT's: without the lines that have a # or the word
# extern in them, and without two macros, it is plain declarations.

cmake_minimum_required(VERSION 3.20)
file(READ ${HEADER} text)
string(REGEX REPLACE "[^\n]*(#|extern)[^\n]*\n" "" text "${text}")
string(REGEX REPLACE "TALLY_(C_API|CALL)" "" text "${text}")
file(WRITE ${WORK} "${text}")
execute_process(COMMAND ${READER} ${SCRIPT} ${WORK} ${LIBRARY}
  RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(failed)
  message(FATAL_ERROR "${READER} ${SCRIPT}: ${output}${errors}")
endif()
if(output MATCHES "^skipped:" AND "$ENV{TALLY_REQUIRE_ALL}" STREQUAL "1")
  message(FATAL_ERROR "TALLY_REQUIRE_ALL=1, and ${output}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${output}")
