// How a shared object with jobs says, before any of its code runs, what it was compiled against;
// and by which function it hands out its jobs.
#pragma once

#include <string>  // which tells the standard library and its ABI

// Raised with every change of what a job's compiled code and the framework share: task.h,
// registry.h, record_mark.h, task_cache.h.
#define GRISTMILL_API_VERSION 7

#define GRISTMILL_QUOTE_(x) #x
#define GRISTMILL_QUOTE(x) GRISTMILL_QUOTE_(x)

#if defined(_LIBCPP_VERSION)
#define GRISTMILL_STANDARD_LIBRARY "libc++"
#elif defined(_GLIBCXX_DEBUG)
#define GRISTMILL_STANDARD_LIBRARY "libstdc++ in debug mode"
#else
#define GRISTMILL_STANDARD_LIBRARY "libstdc++"
#endif
#ifndef _GLIBCXX_USE_CXX11_ABI
#define _GLIBCXX_USE_CXX11_ABI 0
#endif

// What both sides must agree on, as one line.
#define GRISTMILL_JOB_ABI                                           \
  "api=" GRISTMILL_QUOTE(                                           \
      GRISTMILL_API_VERSION) ";library=" GRISTMILL_STANDARD_LIBRARY \
                             ";cxx11_abi=" GRISTMILL_QUOTE(         \
                                 _GLIBCXX_USE_CXX11_ABI) ";pointer_bytes=" GRISTMILL_QUOTE(__SIZEOF_POINTER__)

#define GRISTMILL_NOTE_NAME "Gristmill"

// An ELF note with that line: a program that asks for it need not load the object.
// docs/formats/job-note.md
#if defined(__ELF__)
#define GRISTMILL_JOB_NOTE                           \
  __asm__(                                           \
      ".pushsection .note.gristmill, \"a\", %note\n" \
      ".balign 4\n"                                  \
      ".long 2f - 1f\n"                              \
      ".long 4f - 3f\n"                              \
      ".long 1\n"                                    \
      "1: .asciz \"" GRISTMILL_NOTE_NAME             \
      "\"\n"                                         \
      "2: .balign 4\n"                               \
      "3: .asciz \"" GRISTMILL_JOB_ABI               \
      "\"\n"                                         \
      "4: .balign 4\n"                               \
      ".popsection\n")
#else
#define GRISTMILL_JOB_NOTE static_assert(true)
#endif

namespace gristmill {

// extern "C" const JobMap* gristmill_job_table(): the jobs that the object registered. It is the
// one symbol that an object need export.
inline constexpr char kJobTableFunction[] = "gristmill_job_table";

}  // namespace gristmill
