# What `cmake --install` gives an author of jobs: headers, the static library for shared objects with
# jobs, a CMake package, a pkg-config file, and the binary (cli/).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The same sources as gristmill_api, for shared objects: each has a registry of its own, which nobody
# else sees.
add_library(gristmill_job STATIC
  gristmill/edit_distance.cc gristmill/params.cc gristmill/registry.cc gristmill/scratch_memory.cc)
set_target_properties(gristmill_job PROPERTIES
  EXPORT_NAME job POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)
target_link_libraries(gristmill_job PRIVATE $<BUILD_INTERFACE:gristmill_options>)
target_compile_features(gristmill_job INTERFACE cxx_std_20)
target_include_directories(gristmill_job INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/gristmill-xxhash>)

install(TARGETS gristmill_job EXPORT gristmillTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT gristmillTargets NAMESPACE gristmill::
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gristmill)
install(DIRECTORY gristmill/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gristmill
  FILES_MATCHING PATTERN "*.h")
# The one header that these need beside the standard library's.
find_path(XXHASH_HEADER_DIRECTORY xxhash.h HINTS ${XXHASH_INCLUDE_DIRS} REQUIRED)
install(FILES ${XXHASH_HEADER_DIRECTORY}/xxhash.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gristmill-xxhash)

configure_package_config_file(cmake/package/gristmillConfig.cmake.in
  ${CMAKE_BINARY_DIR}/package/gristmillConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gristmill PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/gristmillConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_BINARY_DIR}/package/gristmillConfig.cmake
  ${CMAKE_BINARY_DIR}/package/gristmillConfigVersion.cmake
  cmake/package/gristmillAddJob.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gristmill)
# So that a tree that was installed elsewhere, or moved, still works.
file(RELATIVE_PATH PREFIX_FROM_PKGCONFIG /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/package/gristmill.pc.in ${CMAKE_BINARY_DIR}/package/gristmill.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/gristmill.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
