# SPDX-License-Identifier: MIT
# cmake -DHEADER=<c_api.h> -DLAYOUT=<the layout program> -P check_layout.cmake
#
# Every struct of the header is in the layout's list, and looks as it says.

cmake_minimum_required(VERSION 3.20)
file(READ ${HEADER} header)
string(REGEX MATCHALL "typedef struct tally_[a-z_]+ {" structs "${header}")
list(LENGTH structs count)
execute_process(COMMAND ${LAYOUT} RESULT_VARIABLE failed OUTPUT_VARIABLE output)
if(failed OR NOT output STREQUAL "${count} structs\n")
  message(FATAL_ERROR "${output}the header has ${count} structs")
endif()
message(STATUS "${count} structs, as listed")
