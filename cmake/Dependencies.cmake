# Everything comes from the distribution's packages: deploy/install-deps.sh installs them.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
# By pkg-config, not by their CMake packages: those describe some two hundred targets, and the
# closure of these for each of ours takes CMake the better part of a minute.
pkg_check_modules(ABSL REQUIRED IMPORTED_TARGET
  absl_btree absl_flat_hash_map absl_flat_hash_set absl_hash absl_random_random absl_status
  absl_statusor absl_strings absl_synchronization absl_time)
pkg_check_modules(GRPC REQUIRED IMPORTED_TARGET grpc++)
find_library(GRPC_REFLECTION grpc++_reflection REQUIRED)
add_library(gristmill_grpc_reflection INTERFACE)
target_link_libraries(gristmill_grpc_reflection INTERFACE ${GRPC_REFLECTION} PkgConfig::GRPC)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
find_path(CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
if(GRISTMILL_TESTS)
  find_package(GTest REQUIRED)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
# clang 14 finds mold only by its name on the path; gcc 12 takes -fuse-ld=mold.
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
