// Cuts a source of sorted pairs into groups of equal keys.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "gristmill/task.h"

namespace gristmill::internal {

class PairGroups {
 public:
  explicit PairGroups(PairSource& source) : source_(source) {}

  // Goes to the next group, past what was not read of this one. False at the end.
  bool NextGroup() {
    std::string_view unread;
    while (NextValue(&unread)) {
    }
    if (!HavePair()) return false;
    key_.assign(position_->key, position_->key_bytes);
    in_group_ = true;
    return true;
  }

  // The encoded key of the group, valid until NextGroup.
  std::string_view key() const { return key_; }

  // The next encoded value of the group, valid until the next call. False at its end.
  bool NextValue(std::string_view* value) {
    if (!in_group_) return false;
    if (!HavePair() || position_->key_view() != key_) {
      in_group_ = false;
      return false;
    }
    *value = position_->value_view();
    ++position_;
    return true;
  }

 private:
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
  std::string key_;
};

}  // namespace gristmill::internal
