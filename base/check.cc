#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace gristmill {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s (a bug in gristmill; please report it)\n", file,
               line, condition);
  std::abort();
}

}  // namespace gristmill
