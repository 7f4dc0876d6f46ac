// A crash in words.
#pragma once

#include <string>
#include <string_view>

#include "worker/runner/crash_note.h"

namespace gristmill::worker {

// "at address 0x0 in Foo::Map < TypedTask<Foo>::MapAll", as far as the note tells; empty if no
// handler ran. `program` is the file that the runner executed. Bounded in length.
std::string DescribeCrash(const CrashNote& note, const std::string& program);

// A demangled name without parameters, result and anonymous namespaces, and at most about 100 bytes
// of it.
std::string ShortFunctionName(std::string_view demangled);

}  // namespace gristmill::worker
