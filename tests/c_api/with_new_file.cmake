# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=<program> -DFILE=<file> -P with_new_file.cmake: runs it with the name of a file that is
# not there yet.

cmake_minimum_required(VERSION 3.20)
file(GLOB old ${FILE}*)
if(old)
  file(REMOVE ${old})
endif()
execute_process(COMMAND ${PROGRAM} ${FILE} COMMAND_ERROR_IS_FATAL ANY)
