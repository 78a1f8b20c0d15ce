# SPDX-License-Identifier: MIT
# cmake -DCOMPILER=<c++> -DINCLUDE=<include folder> -P check.cmake

cmake_minimum_required(VERSION 3.20)
set(source ${CMAKE_CURRENT_LIST_DIR}/cases.cpp)
set(command ${COMPILER} -std=c++17 -fsyntax-only -Werror=unused-result -I${INCLUDE} ${source})

execute_process(COMMAND ${command} RESULT_VARIABLE failed ERROR_VARIABLE errors)
if(failed)
  message(FATAL_ERROR "without any case the file has to compile:\n${errors}")
endif()

file(STRINGS ${source} cases REGEX "^#ifdef CASE_")
list(TRANSFORM cases REPLACE "^#ifdef " "")
if(NOT cases)
  message(FATAL_ERROR "no cases")
endif()
foreach(case IN LISTS cases)
  execute_process(COMMAND ${command} -D${case} RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    message(STATUS "refused: ${case}")
  else()
    message(SEND_ERROR "compiles, and must not: ${case}")
  endif()
endforeach()
