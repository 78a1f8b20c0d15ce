# SPDX-License-Identifier: MIT
# cmake -DHEADER=<c_api.h> -DINCLUDE=<include folder> -DBASELINE=<tally_c.abi> -DCC=<C compiler>
#       -DABIDIFF=<abidiff> -DWORK=<folder> [-DABIDW=<abidw>] -P check_abi.cmake
#
# Compares what the header declares with the baseline of the last release: functions and their parameters,
# structs, enumerations. A library of the header alone, whose functions do nothing, is compared: the real one
# would bring the types of C++ along, and has the same symbols, by symbols.txt. Then the check itself is
# tested: a field in the middle of a struct has to be seen. With ABIDW the baseline is written anew.

cmake_minimum_required(VERSION 3.20)
file(MAKE_DIRECTORY ${WORK})

function(build_stub name text)
  string(REGEX REPLACE "(TALLY_C_API [^;{}]*\\));" "\\1 { __builtin_trap(); }" text "${text}")
  file(WRITE ${WORK}/${name}.c "${text}")
  execute_process(COMMAND ${CC} -std=c99 -g -O0 -w -shared -fPIC -I${INCLUDE} -ffile-prefix-map=${WORK}=.
    -Wl,-soname,libtally_c.so.0 ${WORK}/${name}.c -o ${WORK}/${name}.so COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(compare name result)
  execute_process(COMMAND ${ABIDIFF} --no-show-locs ${BASELINE} ${WORK}/${name}.so
    RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(${result} ${code} PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(READ ${HEADER} text)
build_stub(today "${text}")
if(ABIDW)
  execute_process(COMMAND ${ABIDW} --no-show-locs --no-corpus-path --no-comp-dir-path
    --out-file ${BASELINE} ${WORK}/today.so COMMAND_ERROR_IS_FATAL ANY)
endif()
compare(today result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "abidiff returns ${result}. Appended on purpose? Then write the baseline anew.\n${output}")
endif()

set(before "  uint64_t events_ready;\n")
string(REPLACE "${before}" "  int64_t inserted;\n${before}" broken "${text}")
build_stub(broken "${broken}")
compare(broken result)
if(result EQUAL 0 OR NOT output MATCHES "inserted")
  message(FATAL_ERROR "abidiff does not see a field inserted into tally_poll_result: ${output}")
endif()
message(STATUS "as the baseline; an inserted field would be seen")
