# SPDX-License-Identifier: MIT
# cmake -DREQUESTS=<program> -P check_requests.cmake
#
# TypeScript's compiler reads every request that the program prints as a value of OpenAI's own type, which
# knows each member's name, type and words. TALLY_OPENAI_TYPES names a folder where that was done:
#
#     npm install openai@6.49.0 typescript@7.0.2

cmake_minimum_required(VERSION 3.20)
set(folder "$ENV{TALLY_OPENAI_TYPES}")
set(compiler "${folder}/node_modules/.bin/tsc")
if(folder STREQUAL "" OR NOT EXISTS "${compiler}")
  execute_process(COMMAND ${CMAKE_COMMAND} -E echo
    "skipped: TALLY_OPENAI_TYPES names no folder with npm's openai and typescript")
  return()
endif()

function(compile name accepted)
  execute_process(RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said
    COMMAND "${compiler}" --noEmit --strict --skipLibCheck --moduleResolution bundler
      --module esnext --target es2022 ${name}
    WORKING_DIRECTORY "${folder}")
  if(accepted AND failed)
    message(FATAL_ERROR "${folder}/${name}:\n${said}")
  elseif(NOT accepted AND NOT failed)
    message(FATAL_ERROR "${folder}/${name} is accepted: the types see nothing")
  endif()
endfunction()

execute_process(COMMAND ${REQUESTS} OUTPUT_VARIABLE typescript COMMAND_ERROR_IS_FATAL ANY)
file(WRITE "${folder}/tally_requests.ts" "${typescript}")
compile(tally_requests.ts TRUE)

# What no server would take has to be seen.
foreach(wrong "reasoning_effort;reasoning_efort" "tool_call_id;tool_id" "required;requisite"
    "max_completion_tokens;max_output")
  list(GET wrong 0 right)
  list(GET wrong 1 misspelt)
  string(REPLACE "${right}" "${misspelt}" broken "${typescript}")
  file(WRITE "${folder}/tally_broken.ts" "${broken}")
  compile(tally_broken.ts FALSE)
endforeach()
string(REGEX MATCHALL "export const" requests "${typescript}")
list(LENGTH requests count)
message(STATUS "${count} requests accepted")
