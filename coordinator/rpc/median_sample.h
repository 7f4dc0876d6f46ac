// The median of many values from few that are kept of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gristmill::coordinator {

// Exact for the first kValuesMax values; then every second one is forgotten, and of the later ones
// as many are left out.
class MedianSample {
 public:
  static constexpr std::size_t kValuesMax = 255;

  void Add(std::uint64_t value) {
    if (seen_++ % stride_ != 0) return;
    values_.push_back(value);
    if (values_.size() <= kValuesMax) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < values_.size(); i += 2) values_[kept++] = values_[i];
    values_.resize(kept);
    stride_ *= 2;
  }

  // Zero of no values; of an even number the lower one in the middle.
  std::uint64_t Median() const {
    if (values_.empty()) return 0;
    std::vector<std::uint64_t> sorted = values_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }

  // Keeps the median alone.
  void Settle() {
    if (!values_.empty()) values_.assign(1, Median());
    values_.shrink_to_fit();
  }

 private:
  std::uint64_t seen_ = 0;
  std::uint64_t stride_ = 1;
  std::vector<std::uint64_t> values_;
};

}  // namespace gristmill::coordinator
