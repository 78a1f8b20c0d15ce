# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)

set(tally_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tally)

install(TARGETS tally EXPORT tally-targets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/tally DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT tally-targets NAMESPACE tally:: DESTINATION ${tally_package_dir})

configure_package_config_file(cmake/tally-config.cmake.in ${PROJECT_BINARY_DIR}/tally-config.cmake
  INSTALL_DESTINATION ${tally_package_dir})
# 0.x: a minor version may break what came before it.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tally-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/tally-config.cmake
  ${PROJECT_BINARY_DIR}/tally-config-version.cmake
  DESTINATION ${tally_package_dir})

# The prefix is told from the file's own place, so that an installed tree may be moved. How deep that
# place lies differs (lib, lib64, lib/x86_64-linux-gnu).
file(RELATIVE_PATH tally_pc_to_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" tally_pc_to_prefix "${tally_pc_to_prefix}")
set(tally_pc_packages "libcurl >= ${tally_minimum_curl}")
if(tally_has_sqlite)
  string(APPEND tally_pc_packages ", sqlite3 >= ${tally_minimum_sqlite}")
endif()
if(tally_type STREQUAL "SHARED_LIBRARY")
  set(tally_pc_cflags "Cflags: -I\${includedir} -DTALLY_SHARED")
  set(tally_pc_requires "Requires.private: ${tally_pc_packages}")
  set(tally_pc_libs "-L\${libdir} -ltally")
else()
  # Not Requires.private: `pkg-config --static` also asks for libcurl's own private libraries, and
  # Debian ships those without their development files.
  set(tally_pc_cflags "Cflags: -I\${includedir}")
  set(tally_pc_requires "Requires: ${tally_pc_packages}")
  set(tally_pc_libs "-L\${libdir} -ltally -lstdc++")
endif()
configure_file(cmake/tally.pc.in ${PROJECT_BINARY_DIR}/tally.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tally.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET tally_c)
  # An export of its own: find_package(tally COMPONENTS c) asks for nothing that only C++ users need.
  install(TARGETS tally_c EXPORT tally-c-targets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT tally-c-targets NAMESPACE tally:: DESTINATION ${tally_package_dir})
  configure_file(cmake/tally-c.pc.in ${PROJECT_BINARY_DIR}/tally-c.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/tally-c.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

if(tally_has_postgres)
  install(TARGETS tally_postgres EXPORT tally-postgres-targets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT tally-postgres-targets NAMESPACE tally:: DESTINATION ${tally_package_dir})
  if(tally_type STREQUAL "SHARED_LIBRARY")
    set(tally_postgres_pc_requires "Requires: tally\nRequires.private: libpq")
  else()
    set(tally_postgres_pc_requires "Requires: tally, libpq")
  endif()
  configure_file(cmake/tally-postgres.pc.in ${PROJECT_BINARY_DIR}/tally-postgres.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/tally-postgres.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
