#include "base/task_timeout.h"

#include <fmt/format.h>

#include "base/units.h"

namespace gristmill {

std::string DescribeTaskTimeout(DurationMs timeout_ms) {
  return fmt::format(
      "it ran longer than --task-timeout {}; if it has no endless loop, allow more time or give it "
      "less to do by --split-size, --splits or --partitions",
      FormatDuration(timeout_ms));
}

std::string DescribeMedianTimeout(DurationMs timeout_ms) {
  return fmt::format(
      "it ran longer than {}, the share of its stage's median that --task-timeout allows; if it "
      "has no endless loop, allow a larger share",
      FormatDuration(timeout_ms));
}

}  // namespace gristmill
