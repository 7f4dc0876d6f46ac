# Options that every target of the project is compiled with, and the two
# functions that folders call.
add_library(gristmill_options INTERFACE)
target_include_directories(gristmill_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(gristmill_options INTERFACE -Wall -Wextra -Wpedantic -Wno-unused-parameter)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # False alarms in inlined std::string code of g++ 12 (GCC bug 105651).
  target_compile_options(gristmill_options INTERFACE -Wno-restrict)
endif()
if(GRISTMILL_WERROR)
  target_compile_options(gristmill_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(gristmill_options INTERFACE -Wthread-safety -Werror=thread-safety)
endif()
if(GRISTMILL_SANITIZE)
  target_compile_options(gristmill_options INTERFACE
    -fsanitize=${GRISTMILL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(gristmill_options INTERFACE -fsanitize=${GRISTMILL_SANITIZE})
endif()
if(GRISTMILL_FUZZ)
  # Every library tells the fuzzer which of its branches an input took.
  target_compile_options(gristmill_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# gristmill_library(name SOURCES … LINK …): a static library of one folder.
function(gristmill_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC gristmill_options ${ARG_LINK})
endfunction()

# gristmill_test(name SOURCES … LINK …): one GoogleTest program, found test by test by ctest.
# Its label is "unit" unless LABEL says otherwise; "rpc" are those that talk over real gRPC, which
# ThreadSanitizer can't follow: the distribution built that library without it.
function(gristmill_test name)
  if(NOT GRISTMILL_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LINK" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE gristmill_options ${ARG_LINK} GTest::gmock GTest::gtest_main)
  if(GRISTMILL_SANITIZE MATCHES thread)
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/tsan_absl_mutex.cc)
  endif()
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 120)
endfunction()
