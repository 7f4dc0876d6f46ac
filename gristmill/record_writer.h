// Result pairs become bytes of a partition file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/codec.h"
#include "gristmill/pair_codec.h"
#include "gristmill/task.h"
#include "gristmill/text_format.h"

namespace gristmill::internal {

// Hands the sink whole records, about 256 KiB at a time.
template <Encodable Key, Encodable Value>
class RecordWriter {
 public:
  // Where pairs go that a step of a chain hands to the next one, instead of a file.
  struct Next {
    void* to = nullptr;
    void (*add)(void* to, View<Key> key, View<Value> value) = nullptr;
  };

  RecordWriter(OutputFormat format, OutputSink& sink)
      : way_(static_cast<Way>(format)), sink_(&sink) {
    buffer_.reserve(kBufferBytes + kSlackBytes);
  }
  explicit RecordWriter(Next next) : way_(Way::kNext), next_(next) {}
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  void Add(View<Key> key, View<Value> value) {
    switch (way_) {
      case Way::kText:
        AppendText<Key>(&buffer_, key);
        if constexpr (!std::same_as<Value, None>) {
          buffer_.push_back('\t');
          AppendText<Value>(&buffer_, value);
        }
        buffer_.push_back('\n');
        break;
      case Way::kFixedRecords:
        AppendKey<Key>(&buffer_, key);
        AppendValue<Value>(&buffer_, value);
        break;
      case Way::kRecordFile:
        AppendPair(&buffer_, keys_.Encode(key), values_.Encode(value));
        break;
      case Way::kNext:
        return next_.add(next_.to, key, value);
    }
    FinishRecord();
  }

  // A record without a value; a record file and a next step, whose pairs all have one, get Value{}.
  void AddKey(View<Key> key) {
    switch (way_) {
      case Way::kText:
        AppendText<Key>(&buffer_, key);
        buffer_.push_back('\n');
        break;
      case Way::kFixedRecords:
        AppendKey<Key>(&buffer_, key);
        break;
      case Way::kRecordFile:
        AppendPair(&buffer_, keys_.Encode(key), values_.Encode(Value{}));
        break;
      case Way::kNext:
        return next_.add(next_.to, key, Value{});
    }
    FinishRecord();
  }

  void Finish() {
    if (records_in_buffer_ > 0) sink_->Append(buffer_, records_in_buffer_);
    records_ += records_in_buffer_;
    records_in_buffer_ = 0;
    buffer_.clear();
  }

  std::uint64_t records() const { return records_; }

 private:
  enum class Way : std::uint8_t {
    kText = static_cast<std::uint8_t>(OutputFormat::kText),
    kFixedRecords = static_cast<std::uint8_t>(OutputFormat::kFixedRecords),
    kRecordFile = static_cast<std::uint8_t>(OutputFormat::kRecordFile),
    kNext,
  };

  static constexpr std::size_t kBufferBytes = std::size_t{256} << 10;
  static constexpr std::size_t kSlackBytes = std::size_t{4} << 10;  // for the record that passes it

  void FinishRecord() {
    ++records_in_buffer_;
    if (buffer_.size() >= kBufferBytes) [[unlikely]]
      Finish();
  }

  const Way way_;
  OutputSink* const sink_ = nullptr;
  const Next next_ = {};
  KeyEncoder<Key> keys_;
  ValueEncoder<Value> values_;
  std::string buffer_;
  std::uint64_t records_in_buffer_ = 0;
  std::uint64_t records_ = 0;
};

// Lets what takes a writer hand its pairs to `next.Add(key, value)`. `next` must outlive the writer
// made of it.
template <typename K, typename V, typename Taker>
typename RecordWriter<K, V>::Next NextOf(Taker& next) {
  return {&next,
          [](void* to, View<K> key, View<V> value) { static_cast<Taker*>(to)->Add(key, value); }};
}

}  // namespace gristmill::internal
