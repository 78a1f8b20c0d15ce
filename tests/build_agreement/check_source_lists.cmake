# SPDX-License-Identifier: MIT
# cmake -DROOT=<source tree> -P check_source_lists.cmake
#
# Two build systems drift. Fails unless CMake's list, meson's list and the files that are there agree.

cmake_minimum_required(VERSION 3.20)
get_filename_component(ROOT ${ROOT} ABSOLUTE)

function(listed_files file pattern out)
  file(READ ${file} text)
  string(REGEX MATCHALL "${pattern}" files "${text}")
  list(SORT files)
  set(${out} "${files}" PARENT_SCOPE)
endfunction()

function(compare folder pattern glob)
  file(GLOB present RELATIVE ${folder} ${folder}/${glob})
  list(SORT present)
  if(NOT present)
    message(FATAL_ERROR "no files ${folder}/${glob}")
  endif()
  foreach(build IN ITEMS CMakeLists.txt meson.build)
    listed_files(${folder}/${build} "${pattern}" listed)
    if(NOT listed STREQUAL present)
      set(unlisted ${present})
      list(REMOVE_ITEM unlisted ${listed})
      set(missing ${listed})
      list(REMOVE_ITEM missing ${present})
      message(SEND_ERROR "${folder}/${build}: not listed, or listed twice: [${unlisted}]; "
        "listed and not there: [${missing}]")
    endif()
  endforeach()
  list(LENGTH present count)
  message(STATUS "${folder}: ${count} files agree")
endfunction()

compare(${ROOT} "src/[a-z0-9_]+/[a-z0-9_]+\\.cpp" "src/*/*.cpp")
compare(${ROOT}/tests "unit/[a-z0-9_]+/[a-z0-9_]+\\.cpp" "unit/*/*.cpp")
