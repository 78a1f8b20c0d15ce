# SPDX-License-Identifier: MIT
# cmake -DROOT=<source tree> -DPYTHON=<interpreter> -DWORK=<folder> -P check_embedding.cmake
#
# CMake and meson each embed the catalogue with a script of their own: both write the same file, and no
# piece of it is longer than MSVC's limit.

cmake_minimum_required(VERSION 3.20)

function(compare name input)
  set(by_cmake ${WORK}/${name}.by_cmake.cpp)
  set(by_python ${WORK}/${name}.by_python.cpp)
  execute_process(COMMAND_ERROR_IS_FATAL ANY
    COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${by_cmake} -P ${ROOT}/cmake/embed.cmake)
  execute_process(COMMAND_ERROR_IS_FATAL ANY
    COMMAND ${PYTHON} ${ROOT}/cmake/embed.py ${input} ${by_python})
  execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${by_cmake} ${by_python}
    RESULT_VARIABLE differ)
  if(differ)
    message(FATAL_ERROR "${by_cmake} and ${by_python} differ")
  endif()
  file(READ ${by_cmake} left)
  while(left MATCHES "R\"json\\(")
    string(FIND "${left}" "R\"json(" begin)
    string(SUBSTRING "${left}" ${begin} -1 left)
    string(FIND "${left}" ")json\"" length)
    if(length GREATER 16000)
      message(FATAL_ERROR "${by_cmake}: a string literal of ${length} bytes")
    endif()
    string(SUBSTRING "${left}" ${length} -1 left)
  endwhile()
endfunction()

file(MAKE_DIRECTORY ${WORK})
compare(catalog ${ROOT}/src/pricing/prices.json)

# What a list-minded script would trip over: semicolons, brackets, backslashes, no line end at the end,
# UTF-8 at the cut.
set(line "{\"a\": [1;2], \"b\": \"\\\\n;]\", \"c\": \"\${x} @y@ 元\"}")
string(REPEAT "${line}\n" 700 text)
file(WRITE ${WORK}/odd.json "${text}${line}")
compare(odd ${WORK}/odd.json)
