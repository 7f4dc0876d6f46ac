// Ids are types, not integers: a WorkerId cannot be passed where an AttemptId is meant.
#pragma once

#include <compare>
#include <cstdint>
#include <ostream>
#include <utility>

namespace gristmill {

template <class Tag, class Rep = std::uint64_t>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != 0; }
  friend constexpr auto operator<=>(Id, Id) = default;
  template <class H>
  friend H AbslHashValue(H h, Id id) {
    return H::combine(std::move(h), id.value_);
  }
  friend std::ostream& operator<<(std::ostream& out, Id id) { return out << id.value_; }

 private:
  Rep value_ = 0;
};

using JobId = Id<struct JobTag>;          // 1, 2, … in order of submission
using WorkerId = Id<struct WorkerTag>;    // 1, 2, … in order of joining; never used twice
using AttemptId = Id<struct AttemptTag>;  // 1, 2, … over the whole cluster: the fencing id

// A task's place: job, index of its stage in the plan, index within the stage.
struct TaskRef {
  JobId job;
  std::uint32_t stage = 0;
  std::uint32_t task = 0;
  friend constexpr auto operator<=>(const TaskRef&, const TaskRef&) = default;
  template <class H>
  friend H AbslHashValue(H h, const TaskRef& t) {
    return H::combine(std::move(h), t.job, t.stage, t.task);
  }
};

}  // namespace gristmill
