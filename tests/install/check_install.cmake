# SPDX-License-Identifier: MIT
# cmake -DSOURCE=<tree> -DBUILD=<build folder> -DKIND=<static or shared: what BUILD holds>
#       -DCOMPILER=<c++> -DLAUNCHER=<compiler launcher, or nothing> -DGENERATOR=<CMake's>
#       -DLIBDIR=<a multiarch library folder> -DPKG_CONFIG=<program> -DMESON=<program> -DWORK=<folder>
#       -P check_install.cmake
#
# Installs tally as a static and as a shared library, moves the installed trees, and builds and runs the
# consumer in each way that the README promises.

cmake_minimum_required(VERSION 3.20)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
  -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})

function(run step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${step} failed: ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(run_consumer name program)
  run("${name}: run" ${program})
  if(NOT output STREQUAL "0.00868\n")
    message(FATAL_ERROR "${name} prints ${output}instead of 0.00868")
  endif()
  message(STATUS "${name}: 0.00868")
endfunction()

function(install_and_move kind build)
  run("install ${kind}" ${CMAKE_COMMAND} --install ${build} --prefix ${WORK}/staged)
  file(RENAME ${WORK}/staged ${WORK}/${kind})
endfunction()

function(consume_by_find_package kind)
  set(build ${WORK}/find_package-${kind})
  run("find_package ${kind}: configure" ${configure} -S ${here}/find_package -B ${build}
    -DCMAKE_PREFIX_PATH=${WORK}/${kind})
  run("find_package ${kind}: build" ${CMAKE_COMMAND} --build ${build})
  run_consumer("find_package ${kind}" ${build}/consumer)
  if(EXISTS ${build}/postgres_consumer)
    run("find_package ${kind}, tally::postgres" ${build}/postgres_consumer)
  endif()
endfunction()

function(consume_c_by_find_package kind)
  set(build ${WORK}/find_package_c-${kind})
  run("find_package of C, ${kind}: configure" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${here}/find_package_c
    -B ${build} -DCMAKE_PREFIX_PATH=${WORK}/${kind})
  run("find_package of C, ${kind}: build" ${CMAKE_COMMAND} --build ${build})
  run_consumer("find_package of C, ${kind}" ${build}/consumer)
endfunction()

function(build_by_pkg_config kind package source program)
  file(GLOB_RECURSE pc_file ${WORK}/${kind}/${package}.pc)
  get_filename_component(pc_folder ${pc_file} DIRECTORY)
  get_filename_component(library_folder ${pc_folder} DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} ${pc_folder})
  run("pkg-config ${kind}" ${PKG_CONFIG} --cflags --libs ${package})
  separate_arguments(flags UNIX_COMMAND "${output}")
  set(language -std=c++17)
  if(source MATCHES "\\.c$")
    set(language -xc -std=c99)
  endif()
  run("pkg-config ${kind}: build" ${COMPILER} ${language} ${here}/${source} ${flags}
    -Wl,-rpath,${library_folder} -o ${program})
endfunction()

function(consume_by_pkg_config kind)
  build_by_pkg_config(${kind} tally consumer.cpp ${WORK}/pkg_config-${kind})
  run_consumer("pkg-config ${kind}" ${WORK}/pkg_config-${kind})
  build_by_pkg_config(${kind} tally-c c_consumer.c ${WORK}/pkg_config-${kind}-c)
  run_consumer("pkg-config ${kind}, tally-c" ${WORK}/pkg_config-${kind}-c)
  file(GLOB_RECURSE postgres_pc_file ${WORK}/${kind}/tally-postgres.pc)
  if(postgres_pc_file)
    set(program ${WORK}/pkg_config-${kind}-postgres)
    build_by_pkg_config(${kind} tally-postgres postgres_consumer.cpp ${program})
    run("pkg-config ${kind}, tally-postgres" ${program})
  endif()
endfunction()

function(consume_by_add_subdirectory)
  set(build ${WORK}/add_subdirectory)
  run("FetchContent: configure" ${configure} -S ${here}/add_subdirectory -B ${build}
    -DTALLY_SOURCE=${SOURCE})
  run("FetchContent: build" ${CMAKE_COMMAND} --build ${build})
  run_consumer("FetchContent" ${build}/consumer)
endfunction()

function(consume_by_meson)
  set(project ${WORK}/meson_subproject)
  file(COPY ${here}/meson_subproject/meson.build ${here}/consumer.cpp DESTINATION ${project})
  file(MAKE_DIRECTORY ${project}/subprojects)
  file(CREATE_LINK ${SOURCE} ${project}/subprojects/tally SYMBOLIC)
  set(ENV{CXX} "${LAUNCHER} ${COMPILER}")
  run("meson subproject: configure" ${MESON} setup ${project}/build ${project})
  run("meson subproject: build" ${MESON} compile -C ${project}/build)
  run_consumer("meson subproject" ${project}/build/consumer)
endfunction()

# A program compiled against the next minor version has to fail at link: not to misread a struct.
function(refuse_another_abi)
  file(STRINGS ${SOURCE}/include/tally/version.h minor REGEX "define TALLY_VERSION_MINOR")
  string(REGEX MATCH "[0-9]+$" minor "${minor}")
  math(EXPR next "${minor} + 1")
  file(COPY ${SOURCE}/include DESTINATION ${WORK}/next_minor)
  file(READ ${SOURCE}/include/tally/version.h header)
  string(REPLACE "VERSION_MINOR ${minor}" "VERSION_MINOR ${next}" header "${header}")
  file(WRITE ${WORK}/next_minor/include/tally/version.h "${header}")

  set(object ${WORK}/next_minor/consumer.o)
  run("another ABI: compile" ${COMPILER} -std=c++17 -I${WORK}/next_minor/include
    -c ${here}/consumer.cpp -o ${object})
  file(GLOB_RECURSE library ${WORK}/static/libtally.a)
  execute_process(COMMAND ${COMPILER} ${object} ${library} -lcurl -o ${WORK}/next_minor/consumer
    RESULT_VARIABLE failed ERROR_VARIABLE errors)
  if(NOT failed OR NOT errors MATCHES "undefined reference to [^\n]*_${next}::")
    message(FATAL_ERROR "a program of another minor version is not refused by the linker:\n${errors}")
  endif()
  message(STATUS "another ABI: refused by the linker")
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

# BUILD serves for its own kind; the other one is built here, for a multiarch library folder, which lies
# one level deeper.
if(KIND STREQUAL "static")
  set(other shared)
  set(other_is_shared ON)
else()
  set(other static)
  set(other_is_shared OFF)
endif()
run("configure ${other}" ${configure} -S ${SOURCE} -B ${WORK}/build-${other}
  -DBUILD_SHARED_LIBS=${other_is_shared} -DCMAKE_INSTALL_LIBDIR=${LIBDIR} -DCMAKE_BUILD_TYPE=Debug
  -DTALLY_BUILD_TESTS=OFF -DTALLY_BUILD_EXAMPLES=OFF)
run("build ${other}" ${CMAKE_COMMAND} --build ${WORK}/build-${other})
install_and_move(${KIND} ${BUILD})
install_and_move(${other} ${WORK}/build-${other})

foreach(kind IN ITEMS static shared)
  consume_by_find_package(${kind})
  consume_c_by_find_package(${kind})
  consume_by_pkg_config(${kind})
endforeach()
consume_by_add_subdirectory()
consume_by_meson()
refuse_another_abi()
