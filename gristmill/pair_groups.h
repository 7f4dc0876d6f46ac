// Cuts a source of sorted pairs into groups of equal keys, or of keys that begin alike.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "gristmill/group_key.h"
#include "gristmill/task.h"

namespace gristmill::internal {

template <typename J>
class PairGroups {
 public:
  explicit PairGroups(PairSource& source) : source_(source) {}

  // Goes to the next group, past what was not read of this one. False at the end.
  bool NextGroup() {
    std::string_view unread;
    while (NextValue(&unread)) {
    }
    if (!HavePair()) return false;
    key_ = Grouping<J>::EncodedGroup(position_->key_view());
    // The batch is sorted: its last key tells whether the group ends in it, and the key with it.
    if (IsOfGroup(end_[-1].key_view())) {
      kept_key_ = key_;
      key_ = kept_key_;
    }
    in_group_ = true;
    return true;
  }

  // The encoded group, valid until NextGroup.
  std::string_view key() const { return key_; }

  // The next encoded value of the group, valid until the next call. False at its end.
  bool NextValue(std::string_view* value) {
    if (!in_group_) return false;
    if (!HavePair() || !IsOfGroup(position_->key_view())) {
      in_group_ = false;
      return false;
    }
    *value = position_->value_view();
    ++position_;
    return true;
  }

  // The encoded key of the value that NextValue returned last, and as long valid.
  std::string_view pair_key() const { return position_[-1].key_view(); }

 private:
  bool IsOfGroup(std::string_view key) const {
    if constexpr (Grouping<J>::kWholeKey) {
      return SameKey(key, key_);
    } else {
      return key.starts_with(key_);
    }
  }

  // Inline where memcmp would be called for a few bytes of each pair.
  static bool SameKey(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    if (a.size() < kWord) return a == b;
    if (WordAt(a, 0) != WordAt(b, 0)) return false;
    if (a.size() > 2 * kWord) return a == b;
    return WordAt(a, a.size() - kWord) == WordAt(b, b.size() - kWord);
  }
  static std::uint64_t WordAt(std::string_view bytes, std::size_t offset) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + offset, sizeof word);
    return word;
  }

  bool HavePair() {
    if (position_ != end_) [[likely]]
      return true;
    if (at_end_) return false;
    const std::span<const EncodedPair> batch = source_.NextBatch();
    position_ = batch.data();
    end_ = position_ + batch.size();
    at_end_ = batch.empty();
    return !at_end_;
  }

  PairSource& source_;
  const EncodedPair* position_ = nullptr;
  const EncodedPair* end_ = nullptr;
  bool at_end_ = false;
  bool in_group_ = false;
  std::string_view key_;  // in the batch, or kept_key_
  std::string kept_key_;
};

}  // namespace gristmill::internal
