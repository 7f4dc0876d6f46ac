// The values of one key, as Reduce sees them.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

#include "gristmill/codec.h"
#include "gristmill/group_key.h"
#include "gristmill/pair_groups.h"
#include "gristmill/value_iterator.h"

namespace gristmill {

// A single-pass range: `for (auto value : values)`. A value that is a view is valid until the
// iterator moves on. What Reduce leaves unread is skipped.
template <typename J>
class Values {
 public:
  using Value = typename J::Value;
  using Iterator = internal::ValueIterator<Values>;

  // For the framework.
  explicit Values(internal::PairGroups<J>& groups) : groups_(groups) {}
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  // A second begin goes on where the first stopped.
  Iterator begin() {
    if (!current_) Advance();
    return Iterator(this);
  }
  std::default_sentinel_t end() const { return {}; }

  // With kGroupFields: the whole key of the value at hand. Before begin() and at the end there is
  // none: TaskError.
  const typename J::Key& key() requires(!internal::Grouping<J>::kWholeKey) {
    if (!current_) throw TaskError(kNoValue);
    if (!key_) key_.emplace(DecodeKey<typename J::Key>(groups_.pair_key()));
    return *key_;
  }

 private:
  friend Iterator;

  static constexpr char kNoValue[] =
      "key() was asked of Values that are at no value; ask within the loop over the values";

  void Advance() {
    if constexpr (!internal::Grouping<J>::kWholeKey) key_.reset();
    std::string_view encoded;
    if (groups_.NextValue(&encoded)) {
      current_.emplace(DecodeValue<Value>(encoded));
    } else {
      current_.reset();
    }
  }

  struct NoKey {};
  using KeptKey =
      std::conditional_t<internal::Grouping<J>::kWholeKey, NoKey, std::optional<typename J::Key>>;

  internal::PairGroups<J>& groups_;
  std::optional<Decoded<Value>> current_;
  [[no_unique_address]] KeptKey key_;  // decoded when it is asked for
};

}  // namespace gristmill
