# SPDX-License-Identifier: MIT
# tally::c: the C ABI is a shared library of its own, with the whole of tally inside and nothing of it to be
# seen. A host written in any language loads this one file; its own C++ library may be another one.

add_library(tally_c SHARED ${TALLY_C_SOURCES})
add_library(tally::c ALIAS tally_c)
target_compile_features(tally_c PRIVATE cxx_std_17)
target_include_directories(tally_c
  PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
         $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  PRIVATE src)
# Of the static library only those object files that are needed; what links tally::c sees none of it.
target_link_libraries(tally_c PRIVATE $<BUILD_INTERFACE:tally_internal>)
target_compile_definitions(tally_c PRIVATE TALLY_BUILDING TALLY_C_BUILDING)
# The C ABI holds within a major version, so its soname carries the major alone.
set_target_properties(tally_c PROPERTIES
  EXPORT_NAME c
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}
  CXX_EXTENSIONS OFF
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)
if(tally_is_top_level)
  target_compile_options(tally_c PRIVATE ${tally_warnings})
endif()
if(UNIX AND NOT APPLE)
  # nodelete: a resolver thread of libcurl's may still run in this code after a dlclose.
  target_link_options(tally_c PRIVATE LINKER:-z,defs LINKER:-z,nodelete
    LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/tally_c.map)
  set_target_properties(tally_c PROPERTIES LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/tally_c.map)
endif()
if(WIN32)  # tally_c.dll, by whatever compiler: hosts in other languages load it by its name.
  set_target_properties(tally_c PROPERTIES PREFIX "")
endif()
