// What the classes of a join derive from, and what its Reduce is given: join.h.
#pragma once

#include <concepts>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "gristmill/codec.h"
#include "gristmill/job_traits.h"
#include "gristmill/pair_groups.h"
#include "gristmill/value_iterator.h"

namespace gristmill {

enum class JoinKind : std::uint8_t { kInner, kLeft, kSemi, kOwn };

namespace internal {

// Its arguments are what the compiler names where they differ.
template <typename LeftKey, typename RightKey>
struct KeysOfBothSides {
  static_assert(std::same_as<LeftKey, RightKey>,
                "Gristmill job: both sides of a join must have the same Key; LeftKey and RightKey "
                "of KeysOfBothSides are what they have");
  using Key = LeftKey;
};

}  // namespace internal

// A join with a Reduce of its own. What it emits is as for an inner join unless it says otherwise.
template <typename L, typename R>
struct JoinOf {
  static constexpr JoinKind kJoin = JoinKind::kOwn;
  using Left = L;
  using Right = R;
  using Key = typename internal::KeysOfBothSides<typename L::Key, typename R::Key>::Key;
  using Value = std::pair<typename L::Value, typename R::Value>;
  using OutputKey = Key;
  using OutputValue = Value;
};
template <typename L, typename R>
struct InnerJoin : JoinOf<L, R> {
  static constexpr JoinKind kJoin = JoinKind::kInner;
};
template <typename L, typename R>
struct LeftJoin : JoinOf<L, R> {
  static constexpr JoinKind kJoin = JoinKind::kLeft;
};
template <typename L, typename R>
struct SemiJoin : JoinOf<L, R> {
  static constexpr JoinKind kJoin = JoinKind::kSemi;
  using OutputValue = typename L::Value;
};

// The left values of one key: a single-pass range, as Values. What is left unread is skipped.
template <typename J>
class LeftValues {
 public:
  using Value = typename J::Left::Value;
  using Iterator = internal::ValueIterator<LeftValues>;

  // For the framework: none; one; or one and the rest of a group.
  LeftValues() = default;
  explicit LeftValues(View<Value> value) : current_(value) {}
  LeftValues(internal::PairGroups<typename J::Left>& groups, std::string_view encoded)
      : groups_(&groups), current_(DecodeValue<Value>(encoded)) {}

  bool empty() const { return !current_.has_value(); }
  Iterator begin() { return Iterator(this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  friend Iterator;

  void Advance() {
    std::string_view marked;
    if (groups_ == nullptr || !groups_->NextValue(&marked)) return current_.reset();
    if (marked.empty()) internal::ByteReader::Fail();
    current_.emplace(DecodeValue<Value>(marked.substr(1)));
  }

  internal::PairGroups<typename J::Left>* groups_ = nullptr;
  std::optional<Decoded<Value>> current_;
};

}  // namespace gristmill
