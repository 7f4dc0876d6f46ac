// A job's progress, end and counters as Hadoop's own client logs them, for programs that read that.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/job_teller.h"

namespace gristmill::cli {

// "job_1764126000000_0007"; of a job of this process alone "job_local123_0001".
std::string HadoopJobId(const v1::JobStatus& status);

// "Counters: 7" and then its groups, each counter as "\t\tname=value"; lines without the last line
// end. What the job's programs counted keeps group and name; of the rest those that Hadoop has,
// too, are named as there, and the others are in the group Gristmill.
std::string RenderHadoopCounters(const v1::JobStatus& status,
                                 const std::vector<v1::Counter>& counters);

class HadoopProgress final : public JobTeller {
 public:
  // `print` gets whole lines, with time, level and class before their text.
  using Print = std::function<void(const std::string&)>;
  explicit HadoopProgress(Print print) : print_(std::move(print)) {}

  void Update(const v1::JobStatus& status) override;
  void End(const v1::JobStatus& status, const std::vector<v1::Counter>& counters) override;

 private:
  void Log(std::string_view level, std::string_view logger, const std::string& text);

  const Print print_;
  bool begun_ = false;
  std::string last_;  // " map 50% reduce 0%"
};

}  // namespace gristmill::cli
