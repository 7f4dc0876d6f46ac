// The lines that a program writes as a job's result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gristmill/record_writer.h"
#include "gristmill/records.h"
#include "gristmill/task.h"
#include "stream/key_fields.h"
#include "stream/line_cutter.h"

namespace gristmill::stream {

// As text they pass as they are, but that the last one gets the LF it may lack. Any other format
// has the key before the first separator and the value behind it.
class OutputLines {
 public:
  OutputLines(OutputFormat format, char separator, OutputSink& sink)
      : separator_(separator), sink_(sink) {
    if (format != OutputFormat::kText) pairs_.emplace(format, sink);
  }

  void Add(std::string_view bytes) {
    if (pairs_) return lines_.Add(bytes, [this](std::string_view line) { AddPair(line); });
    const std::uint64_t begun = bytes.ends_with('\n') ? 0 : 1;
    const std::uint64_t lines = internal::CountLines(bytes) - begun;
    sink_.Append(bytes, lines);
    records_ += lines;
    line_is_open_ = begun > 0;
  }

  void Finish() {
    if (pairs_) {
      lines_.End([this](std::string_view line) { AddPair(line); });
      pairs_->Finish();
    } else if (line_is_open_) {
      sink_.Append("\n", 1);
      ++records_;
    }
  }

  std::uint64_t records() const { return records_; }

 private:
  void AddPair(std::string_view line) {
    const KeyAndValue pair = SplitLine(line, separator_, 1);
    pairs_->Add(pair.key, pair.value);
    ++records_;
  }

  const char separator_;
  OutputSink& sink_;
  std::optional<internal::RecordWriter<std::string, std::string>> pairs_;
  LineCutter lines_;
  bool line_is_open_ = false;
  std::uint64_t records_ = 0;
};

}  // namespace gristmill::stream
