// Goes through values that are decoded one by one.
#pragma once

#include <cstddef>
#include <iterator>

#include "gristmill/types.h"

namespace gristmill::internal {

// The single-pass iterator of a range that has an optional `current_`, which is empty at the end,
// and Advance(). A value that is a view is valid until the iterator moves on.
template <typename Range>
class ValueIterator {
 public:
  using value_type = Decoded<typename Range::Value>;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  ValueIterator() = default;
  explicit ValueIterator(Range* range) : range_(range) {}

  View<typename Range::Value> operator*() const { return *range_->current_; }
  ValueIterator& operator++() {
    range_->Advance();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const ValueIterator& it, std::default_sentinel_t) { return it.AtEnd(); }

 private:
  bool AtEnd() const { return !range_->current_.has_value(); }

  Range* range_ = nullptr;
};

}  // namespace gristmill::internal
