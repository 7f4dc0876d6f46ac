// How much one v1::TaskReport may hold: the worker keeps to it, the coordinator refuses more.
#pragma once

#include <cstddef>

namespace gristmill {

inline constexpr std::size_t kJobCountersMax = 10'000;  // distinct names, of the job's code
// With those that the framework adds.
inline constexpr std::size_t kReportCountersMax = kJobCountersMax + 100;
inline constexpr std::size_t kCounterNameBytesMax = 256;
inline constexpr std::size_t kReportResultBytesMax = 64 << 10;
inline constexpr std::size_t kReportLostOutputsMax = 1'000'000;

}  // namespace gristmill
