// One of a job's commands, run for a task: started, fed, and judged by how it ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/context.h"
#include "gristmill/task.h"
#include "stream/child_process.h"
#include "stream/environment.h"
#include "stream/error_lines.h"
#include "stream/stream_params.h"

namespace gristmill::stream {

class Program {
 public:
  // Starts it. `what` is "mapper", "combiner" or "reducer"; it and `command` must outlive this, as
  // must `context`, which gets what it counts. Throws TaskError.
  Program(std::string_view what, const std::string& command, const StreamParams& params,
          const TaskInfo& info, TaskContext& context, Stage stage, ChildProcess::Take take_output);

  // As ChildProcess.
  bool Write(std::string_view bytes) { return child_.Write(bytes); }
  // Throws TaskError, which tells how it failed and what it wrote last, unless it exits with 0.
  void Finish();

 private:
  std::string DescribeFailure(const ExitStatus& status) const;

  const std::string_view what_;
  const std::string& command_;
  TaskContext& context_;
  ErrorLines errors_;
  ChildProcess child_;
};

}  // namespace gristmill::stream
