// What a program writes to stderr: what it reports to the framework, and text.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "stream/line_cutter.h"

namespace gristmill::stream {

// `reporter:counter:GROUP,NAME,N` counts, `reporter:status:TEXT` is kept, as in Hadoop Streaming;
// any other line is text, which is handed on, and of which the end is kept. A counter that is not
// understood is text too; the first one is explained there.
class ErrorLines {
 public:
  static constexpr std::size_t kTailLinesMax = 20;
  static constexpr std::size_t kTailBytesMax = 2 << 10;
  static constexpr std::size_t kLineBytesMax = 4 << 10;  // longer ones are cut up

  static constexpr std::size_t kCountersMax = 10'000;  // as many as a job may have

  // Called with whole lines, each with its LF.
  using Log = std::function<void(std::string_view)>;
  explicit ErrorLines(Log log) : log_(std::move(log)) {}

  // Throws TaskError at too many counters.
  void Add(std::string_view bytes);
  // Nothing comes any more.
  void End();

  // By "GROUP.NAME".
  const std::map<std::string, std::uint64_t>& counters() const { return counters_; }
  const std::string& status() const { return status_; }
  // Whether one came since it was taken.
  bool has_new_status() const { return has_new_status_; }
  const std::string& TakeStatus() {
    has_new_status_ = false;
    return status_;
  }
  // The last lines, each on a line of its own and indented; empty if there were none.
  std::string Tail() const;

 private:
  void TakeLine(std::string_view line);
  // False if it is not understood.
  bool TakeCounter(std::string_view line);
  void ExplainCounter(std::string_view line);
  void KeepTail(std::string_view line);
  void FlushText();

  const Log log_;
  LineCutter lines_;
  std::string text_;  // for the log
  std::deque<std::string> tail_;
  std::size_t tail_bytes_ = 0;
  std::map<std::string, std::uint64_t> counters_;
  std::string status_;
  bool has_new_status_ = false;
  bool explained_ = false;
};

}  // namespace gristmill::stream
