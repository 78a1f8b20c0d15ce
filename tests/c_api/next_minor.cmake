# SPDX-License-Identifier: MIT
# tally_c_next: the library that the next minor version may be. Every struct that says its size has one more
# field at its end, and a line in arguments.hpp that says what it measured before, as the header's third
# convention has it. Objects that were compiled against today's header have to work with it.

set(next ${CMAKE_CURRENT_BINARY_DIR}/next_minor)
file(READ ${PROJECT_SOURCE_DIR}/include/tally/c_api.h text)
file(READ ${PROJECT_SOURCE_DIR}/src/c_api/arguments.hpp arguments)
file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/layout.inc sizes REGEX "^STRUCT")
set(first_sizes "")
foreach(line IN LISTS sizes)
  string(REGEX REPLACE "STRUCT\\(([a-z_]+), .*" "\\1" struct "${line}")
  string(REGEX REPLACE ".*, ([0-9]+)\\)" "\\1" size "${line}")
  string(FIND "${text}" "typedef struct ${struct} {\n  uint32_t struct_size;" found)
  if(found GREATER -1)
    string(REPLACE "\n} ${struct};" "\n  int64_t appended_by_a_test;\n} ${struct};" text "${text}")
    string(APPEND first_sizes
      "template <>\ninline constexpr std::uint32_t first_size<${struct}> = ${size};\n")
  endif()
endforeach()
set(general "inline constexpr std::uint32_t first_size = sizeof(Struct);\n")
string(FIND "${arguments}" "${general}" found)
if(first_sizes STREQUAL "" OR found EQUAL -1)
  message(FATAL_ERROR "the next minor version cannot be made: c_api.h or arguments.hpp reads otherwise")
endif()
string(REPLACE "${general}" "${general}${first_sizes}" arguments "${arguments}")
file(CONFIGURE OUTPUT ${next}/tally/c_api.h CONTENT "${text}" @ONLY)
file(CONFIGURE OUTPUT ${next}/c_api/arguments.hpp CONTENT "${arguments}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/include/tally/c_api.h ${PROJECT_SOURCE_DIR}/src/c_api/arguments.hpp layout.inc)

set(sources ${TALLY_C_SOURCES})
list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/)
add_library(tally_c_next SHARED ${sources})
target_include_directories(tally_c_next PRIVATE ${next} ${PROJECT_SOURCE_DIR}/include
  ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(tally_c_next PRIVATE tally_internal)
target_compile_definitions(tally_c_next PRIVATE TALLY_BUILDING TALLY_C_BUILDING)
target_compile_features(tally_c_next PRIVATE cxx_std_17)
target_compile_options(tally_c_next PRIVATE $<$<NOT:$<CXX_COMPILER_ID:MSVC>>:-O0>)
set_target_properties(tally_c_next PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
