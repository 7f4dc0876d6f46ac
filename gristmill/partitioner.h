// Which partition a pair goes to: the job's Partition, the ranges of a total order, or the hash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/codec.h"
#include "gristmill/group_key.h"
#include "gristmill/hash.h"
#include "gristmill/job_traits.h"
#include "gristmill/key_ranges.h"
#include "gristmill/sort_index.h"
#include "gristmill/task.h"

namespace gristmill::internal {

template <typename J>
class Partitioner {
 public:
  // Both must outlive the partitioner.
  Partitioner(const J& job, const TaskInfo& info)
      : job_(job), partitions_(info.partitions), ranges_(info) {
    if (partitions_ == 0 || partitions_ > kPartitionsMax) {
      throw TaskError("a job can't have " + std::to_string(partitions_) +
                      " partitions; ask for 1 to " + std::to_string(kPartitionsMax));
    }
  }

  std::uint32_t partitions() const { return partitions_; }
  const KeyRanges& ranges() const requires kIsTotalOrder<J> { return ranges_; }

  std::uint32_t Of(std::string_view encoded_key) const {
    if constexpr (kDeclaresPartition<J>) {
      const auto key = Grouping<J>::Decode(Grouping<J>::EncodedGroup(encoded_key));
      return Checked(job_.Partition(key, partitions_));
    } else {
      return OfEncoded(encoded_key);
    }
  }

  // The same, where the key is at hand in both forms.
  std::uint32_t Of(View<typename J::Key> key, std::string_view encoded_key) const {
    if constexpr (kDeclaresPartition<J>) {
      return Checked(job_.Partition(Grouping<J>::GroupOf(key), partitions_));
    } else {
      return OfEncoded(encoded_key);
    }
  }

 private:
  struct Hashed {
    explicit Hashed(const TaskInfo&) {}
  };
  struct Ranged : KeyRanges {
    explicit Ranged(const TaskInfo& info) : KeyRanges(SamplesOf(info), info.partitions) {}
    static const std::vector<std::string>& SamplesOf(const TaskInfo& info) {
      static const std::vector<std::string> kNone;
      return info.broadcasts.empty() ? kNone : *info.broadcasts.front();
    }
  };

  std::uint32_t OfEncoded(std::string_view encoded_key) const {
    if (partitions_ == 1) return 0;
    if constexpr (kIsTotalOrder<J>) {
      return ranges_.PartitionOf(encoded_key);
    } else {
      return HashPartition(Grouping<J>::EncodedGroup(encoded_key), partitions_);
    }
  }

  std::uint32_t Checked(std::uint32_t partition) const {
    if (partition < partitions_) [[likely]]
      return partition;
    throw TaskError("Partition of job '" + std::string(J::kName) + "' returned " +
                    std::to_string(partition) + " for " + std::to_string(partitions_) +
                    " partitions; it must return less than that");
  }

  const J& job_;
  const std::uint32_t partitions_;
  [[no_unique_address]] const std::conditional_t<kIsTotalOrder<J>, Ranged, Hashed> ranges_;
};

}  // namespace gristmill::internal
