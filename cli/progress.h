// How a job's progress looks, as pure functions of its status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/instant.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

// Finished tasks per second of each stage over the last 15 seconds.
class RateMeter {
 public:
  void Observe(const v1::JobStatus& status, Instant now);
  // Zero while nothing is known of the stage.
  double tasks_per_second(std::size_t stage) const;

 private:
  struct Sample {
    Instant when;
    std::uint32_t succeeded = 0;
  };
  struct Stage {
    std::deque<Sample> samples;  // at least a quarter of a second apart
    Sample latest;
  };
  std::vector<Stage> stages_;
};

// "12.5 tasks/s", and "ETA 4.4 s" if the rate foretells one; empty while nothing is known.
std::string RenderRate(const v1::StageStatus& stage, double tasks_per_second);

// A heading and one bar per stage, no line wider than `width` columns.
std::vector<std::string> RenderBars(const v1::JobStatus& status, const RateMeter& rates,
                                    DurationMs elapsed_ms, std::size_t width);

// The rows of a terminal that lines of such widths take, once it has wrapped them to its own width:
// it may be narrower than when they were written.
std::size_t CountRows(const std::vector<std::size_t>& line_columns, std::size_t terminal_columns);

// The same in one line, for logs.
std::string RenderProgressLine(const v1::JobStatus& status, const RateMeter& rates);

// How many records the job skipped, some at least, and where they are: "skipped 2 bad records".
std::string RenderSkipped(const v1::JobStatus& status);

// What can be done about a suspended job, and for how long, as a clause.
std::string RenderWaysOut(const v1::JobStatus& status);

// How a job ended or why it is suspended, in one line without the line end: state, seconds, records
// and bytes with their rate, where the output is or why it failed.
std::string RenderSummary(const v1::JobStatus& status, const std::vector<v1::Counter>& counters,
                          DurationMs elapsed_ms);

// Milliseconds from submission to the end, or to `now_unix_ms` while it runs.
DurationMs ElapsedMs(const v1::JobStatus& status, std::int64_t now_unix_ms);

bool HasEnded(v1::JobState state);

}  // namespace gristmill::cli
