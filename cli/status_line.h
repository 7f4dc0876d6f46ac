// What a command that runs jobs one after the other shows: a line for each that ended, and on a
// terminal, below those, one for the job that runs now.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "base/instant.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

class StatusLine {
 public:
  // `out` gets the text of ended jobs. The line of the running one goes to stderr, if both are
  // terminals.
  explicit StatusLine(std::FILE* out);

  // `title` is what runs from now on: "round 3 of 10".
  void Begin(std::string title);
  // `more` is added to the line.
  void Show(const v1::JobStatus& status, const std::string& more = "");
  // Prints the text in the place of that line.
  void End(const std::string& text);
  std::size_t columns() const { return columns_; }

 private:
  void Draw(const std::string& line);

  std::FILE* const out_;
  const bool live_;
  const std::size_t columns_;
  std::string title_;
  std::string drawn_;
  Instant begin_;
};

}  // namespace gristmill::cli
