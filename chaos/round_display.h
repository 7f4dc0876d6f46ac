// Shows rounds as they go: on a terminal the one that runs now, below those that ended.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "base/instant.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::chaos {

class RoundDisplay {
 public:
  // `out` gets the text of ended rounds. The line of the running one goes to stderr, if both are
  // terminals.
  explicit RoundDisplay(std::FILE* out);

  // `title` is what runs from now on: "round 3 of 10".
  void Begin(std::string title);
  void Show(const v1::JobStatus& status, std::size_t faults);
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

}  // namespace gristmill::chaos
