// Lines with a key and a value become the pairs that the shuffle sorts, and lines again.
//
// A pair's key is the line's key, before which there is what its order asks for (key_order.h). How
// long that is stands before the value, as a varint. Without an order both are as in the line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/hash.h"
#include "gristmill/pair_codec.h"
#include "gristmill/task.h"
#include "stream/key_order.h"
#include "stream/stream_params.h"

namespace gristmill::stream {

class PairEncoder {
 public:
  // `params` must outlive it.
  PairEncoder(const StreamParams& params, std::uint32_t partitions)
      : params_(params), partitions_(partitions) {}

  // Calls `add(partition, key, value)`.
  template <typename Add>
  void Encode(std::string_view line, Add&& add) {
    const KeyAndValue pair = SplitLine(line, params_.separator, params_.key_fields);
    const std::uint32_t partition = PartitionOf(pair.key);
    if (params_.order.empty()) return add(partition, pair.key, pair.value);
    key_.clear();
    AppendOrdered(pair.key, params_.separator, params_.order, &key_);
    char length[kVarint32BytesMax];
    const char* const end = PutVarint32(length, static_cast<std::uint32_t>(key_.size()));
    key_.append(pair.key);
    value_.assign(length, static_cast<std::size_t>(end - length));
    value_.append(pair.value);
    add(partition, key_, value_);
  }

 private:
  std::uint32_t PartitionOf(std::string_view key) {
    if (partitions_ == 1) return 0;
    if (params_.partition.empty()) return HashPartition(key, partitions_);
    if (params_.partition.size() == 1) {
      return HashPartition(PartOf(key, params_.separator, params_.partition.front()), partitions_);
    }
    parts_.clear();
    for (const KeyPart& part : params_.partition) {
      parts_.append(PartOf(key, params_.separator, part));
      parts_.push_back(params_.separator);
    }
    return HashPartition(parts_, partitions_);
  }

  const StreamParams& params_;
  const std::uint32_t partitions_;
  std::string key_, value_, parts_;
};

class LineMaker {
 public:
  // Key and value always have the separator between them.
  static LineMaker ForReducer(const StreamParams& params) {
    return {params, params.reducer_separator, 1};
  }
  // As the mapper wrote them, since what the combiner writes is cut as that is: the separator is
  // left out behind a key with fewer fields than it may have, of which it would become a part.
  static LineMaker ForCombiner(const StreamParams& params) {
    return {params, params.separator, params.key_fields};
  }

  // Appends the line, with its LF.
  void Append(const EncodedPair& pair, std::string* out) const {
    std::string_view key = pair.key_view();
    std::string_view value = pair.value_view();
    if (has_order_) {
      std::uint32_t order_bytes = 0;
      const char* const rest = GetVarint32(value.data(), value.data() + value.size(), &order_bytes);
      if (rest == nullptr || order_bytes > key.size()) {
        throw TaskError("a pair is damaged; run the job again");
      }
      key.remove_prefix(order_bytes);
      value.remove_prefix(static_cast<std::size_t>(rest - value.data()));
    }
    out->append(key);
    if (HasAllFields(key)) out->push_back(separator_);
    out->append(value);
    out->push_back('\n');
  }

 private:
  LineMaker(const StreamParams& params, char separator, std::uint32_t key_fields)
      : has_order_(!params.order.empty()), separator_(separator), key_fields_(key_fields) {}

  bool HasAllFields(std::string_view key) const {
    return key_fields_ == 1 ||
           std::count(key.begin(), key.end(), separator_) + 1 >= std::ptrdiff_t{key_fields_};
  }

  const bool has_order_;
  const char separator_;
  const std::uint32_t key_fields_;
};

}  // namespace gristmill::stream
