# gristmill_add_job(name sources…): a shared object libNAME.so with the jobs that the sources name in
# GRISTMILL_JOB, for `gristmill run ./libNAME.so`. It needs no library of Gristmill where it runs.
function(gristmill_add_job name)
  if(NOT ARGN)
    message(FATAL_ERROR "gristmill_add_job(${name}) names no source file; write gristmill_add_job(${name} ${name}.cc)")
  endif()
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES
    PREFIX lib SUFFIX .so CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    # Libraries that come with the job by --file are found beside it.
    BUILD_RPATH_USE_ORIGIN ON INSTALL_RPATH "$ORIGIN")
  target_link_libraries(${name} PRIVATE gristmill::job)
  # Also beside it while it lies in the build directory.
  target_link_options(${name} PRIVATE "LINKER:--no-undefined" "LINKER:-rpath,$ORIGIN")
endfunction()
