// The n best of any number of items, in memory for n.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace gristmill {

// Items with the greatest scores; among equal scores those that come first by their own `<`. So
// what is kept does not depend on the order in which items come, nor on how they were merged, if no
// two items are equal. For the smallest scores, negate them.
//
// With Score and Item of types that a job may emit, Entries can be a Value, and this a Combine:
//   TopN<std::uint64_t, std::string> top(20);
//   top.Add(a); top.Add(b);
//   return top.Take();
template <typename Score, typename Item>
class TopN {
 public:
  using Entry = std::pair<Score, Item>;
  using Entries = std::vector<Entry>;

  explicit TopN(std::size_t n) : n_(n) {}

  void Add(Score score, Item item) {
    if (n_ == 0) return;
    Entry entry(std::move(score), std::move(item));
    if (heap_.size() == n_) {
      if (!IsBetter(entry, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), IsBetter);
      heap_.back() = std::move(entry);
    } else {
      heap_.push_back(std::move(entry));
    }
    std::push_heap(heap_.begin(), heap_.end(), IsBetter);
  }
  void Add(const Entries& entries) {
    for (const Entry& entry : entries) Add(entry.first, entry.second);
  }
  void Add(const TopN& other) { Add(other.heap_); }

  // Whether an item of that score can still come in: spares making one that can't.
  bool MayTake(const Score& score) const {
    return heap_.size() < n_ || (n_ > 0 && !(score < heap_.front().first));
  }

  std::size_t size() const { return heap_.size(); }

  // The best first; then there are none.
  Entries Take() {
    std::sort_heap(heap_.begin(), heap_.end(), IsBetter);
    return std::exchange(heap_, {});
  }

 private:
  static bool IsBetter(const Entry& a, const Entry& b) {
    if (b.first < a.first) return true;
    if (a.first < b.first) return false;
    return a.second < b.second;
  }

  std::size_t n_;
  Entries heap_;  // the least of them on top
};

}  // namespace gristmill
