#include "stream/program.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "stream/command.h"

extern char** environ;

namespace gristmill::stream {
namespace {

// Whoever runs this process keeps its stderr, within limits; a runner tells it apart by the thread
// that writes. What can't be written is not kept.
void LogText(std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stderr); }

ChildOptions OptionsOf(std::string_view what, const std::string& command,
                       const StreamParams& params, const TaskInfo& info, Stage stage) {
  const std::uint32_t reduces = params.has_shuffle() ? info.partitions : 0;
  std::vector<std::string> variables = TaskVariables(info, stage, reduces);
  variables.insert(variables.end(), params.environment.begin(), params.environment.end());
  ChildOptions options{.command = command,
                       .directory = info.directory,
                       .environment = MakeEnvironment(environ, variables, info.directory),
                       .cancelled = info.cancelled};
  std::string_view path;
  for (const std::string& variable : options.environment) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  CheckCommand(what, command, info.directory, path);
  return options;
}

// Exit codes above this are what a shell says of a program that a signal ended.
constexpr int kSignalled = 128;

bool MayBeForLackOfMemory(const ExitStatus& status, std::string_view last_words) {
  const int signal = status.code > kSignalled ? status.code - kSignalled : status.signal;
  if (signal == SIGKILL || signal == SIGABRT || signal == SIGSEGV || signal == SIGBUS) return true;
  for (const char* word : {"memory", "Memory", "bad_alloc"}) {
    if (last_words.find(word) != last_words.npos) return true;
  }
  return false;
}

// A runner hands its limit on; it holds for each process by itself. Empty where there is none.
std::string MemoryHint() {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return "";
  return "; here no process may have more than " + std::to_string(limit.rlim_cur >> 20) +
         " MiB of memory: if that is why, raise --memory, or 'gristmill worker --runner-memory'";
}

}  // namespace

Program::Program(std::string_view what, const std::string& command, const StreamParams& params,
                 const TaskInfo& info, TaskContext& context, Stage stage,
                 ChildProcess::Take take_output)
    : what_(what),
      command_(command),
      context_(context),
      errors_(LogText),
      child_(OptionsOf(what, command, params, info, stage), std::move(take_output),
             [this, status = info.status](std::string_view bytes) {
               errors_.Add(bytes);
               if (status != nullptr && errors_.has_new_status()) {
                 status->SetStatus(errors_.TakeStatus());
               }
             }) {}

void Program::Finish() {
  const ExitStatus status = child_.Finish();
  errors_.End();
  if (status != ExitStatus{}) throw TaskError(DescribeFailure(status));
  if (errors_.counters().empty()) return;
  for (const auto& [name, n] : errors_.counters()) context_.Count(name, n);
  if (context_.CounterValues().size() <= ErrorLines::kCountersMax) return;
  throw TaskError("the programs of one task counted under more than " +
                  std::to_string(ErrorLines::kCountersMax) + " names; count under fewer");
}

std::string Program::DescribeFailure(const ExitStatus& status) const {
  std::string text = "the " + std::string(what_) + " '" + command_.substr(0, 256) + "' ";
  if (status.left_writer) {
    return text +
           "ended, but left a process that keeps its stdout open and writes nothing, so nobody "
           "knows whether its output is complete; let it wait for what it starts, or start that "
           "with '>/dev/null 2>&1'";
  }
  if (status.signal != 0) {
    text += "was ended by signal " + std::to_string(status.signal) + " (" +
            strsignal(status.signal) + ")";
  } else {
    text += "exited with code " + std::to_string(status.code);
    if (status.code == 127) text += ", which is said of a command that is not found";
    if (status.code == 126) text += ", which is said of a command that can't be executed";
  }
  if (!errors_.status().empty()) text += " after it reported '" + errors_.status() + "'";
  const std::string tail = errors_.Tail();
  if (MayBeForLackOfMemory(status, tail)) text += MemoryHint();
  return text + (tail.empty() ? " and wrote nothing to stderr" : "; the end of its stderr:" + tail);
}

}  // namespace gristmill::stream
