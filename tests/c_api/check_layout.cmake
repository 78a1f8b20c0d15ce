# SPDX-License-Identifier: MIT
# cmake -DHEADER=<c_api.h> -DLAYOUT=<the layout program> -P check_layout.cmake
#
# Every struct and every constant of the header is in the program's lists, and is as they say.

cmake_minimum_required(VERSION 3.20)
file(READ ${HEADER} header)
string(REGEX MATCHALL "typedef struct tally_[a-z_]+ {" structs "${header}")
list(LENGTH structs structs)
string(REGEX MATCHALL "\n[^/\n]*TALLY_[A-Z0-9_]+ = -?[0-9]+" lines "${header}")
string(REGEX MATCHALL "TALLY_[A-Z0-9_]+ = " constants "${lines}")
list(LENGTH constants constants)
set(count "${structs} structs, ${constants} constants")
execute_process(COMMAND ${LAYOUT} RESULT_VARIABLE failed OUTPUT_VARIABLE output)
if(failed OR NOT output STREQUAL "${count}\n")
  message(FATAL_ERROR "${output}the header has ${count}")
endif()
message(STATUS "${count}, as listed")
