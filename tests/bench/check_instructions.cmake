# SPDX-License-Identifier: MIT
# cmake -DVALGRIND=<program> -DREAD_CHUNKS=<program> -P check_instructions.cmake
#
# Reading an ordinary chunk takes at most 0.15 x the instructions of a DOM, both counted in this run: unlike
# times, they are the same on a busy machine.

cmake_minimum_required(VERSION 3.20)

function(count reader blocks result)
  execute_process(COMMAND ${VALGRIND} --tool=callgrind --callgrind-out-file=/dev/null
    ${READ_CHUNKS} ${reader} ${blocks} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE output)
  if(failed OR NOT output MATCHES "Collected : ([0-9]+)")
    message(FATAL_ERROR "no count of ${reader}: ${output}")
  endif()
  set(${result} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

foreach(reader IN ITEMS tally dom)
  count(${reader} 1 one)
  count(${reader} 3 three)
  math(EXPR ${reader} "(${three} - ${one}) / 2000")
endforeach()
set(figures "${tally} instructions a chunk, ${dom} by a DOM")
math(EXPR tally_of_100 "100 * ${tally}")
math(EXPR dom_of_100 "15 * ${dom}")
if(tally LESS 1 OR tally_of_100 GREATER dom_of_100)
  message(FATAL_ERROR "${figures}: more than 0.15 x")
endif()
message(STATUS "${figures}")
