#include "cli/embedded_run.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "base/instant.h"
#include "base/status.h"
#include "cli/progress.h"
#include "cli/progress_display.h"
#include "cli/temp_directory.h"
#include "gristmill/job.h"

namespace gristmill::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// Counts how often each line occurs.
class LineCount {
 public:
  static constexpr std::string_view kName = "test_linecount";
  static constexpr std::string_view kSummary = "count equal lines";
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(std::string_view line, Emitter<LineCount>& out) { out.Emit(line, 1); }
  static Value Combine(Value a, Value b) { return a + b; }
};
GRISTMILL_JOB(LineCount);

class Thrower {
 public:
  static constexpr std::string_view kName = "test_thrower";
  static constexpr std::string_view kSummary = "throws at the line 'bad'";
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(std::string_view line, Emitter<Thrower>& out) {
    if (line == "bad") throw std::runtime_error("this line is bad");
    out.Emit(line, 1);
  }
};
GRISTMILL_JOB(Thrower);

absl::Notification* holder_runs = nullptr;
absl::Notification* holder_may_end = nullptr;

// Tells that it runs, then waits to be let go.
class Holder {
 public:
  static constexpr std::string_view kName = "test_holder";
  static constexpr std::string_view kSummary = "waits";
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(std::string_view line, Emitter<Holder>&) {
    if (!holder_runs->HasBeenNotified()) holder_runs->Notify();
    holder_may_end->WaitForNotificationWithTimeout(absl::Seconds(60));
  }
};
GRISTMILL_JOB(Holder);

// Waits in vain for 150 ms at each line that begins with "nap".
class Napper {
 public:
  static constexpr std::string_view kName = "test_napper";
  static constexpr std::string_view kSummary = "naps";
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(std::string_view line, Emitter<Napper>&) {
    if (!line.starts_with("nap")) return;
    holder_may_end->WaitForNotificationWithTimeout(absl::Milliseconds(150));
  }
};
GRISTMILL_JOB(Napper);

class EmbeddedRunTest : public testing::Test {
 protected:
  EmbeddedRunTest() : directory_(TempDirectory::Make("").value()) {
    fs::create_directory(Path("spill"));
  }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  void WriteInput(const std::string& text) { std::ofstream(Path("input.txt")) << text; }

  v1::JobRequest Request(const std::string& job, const std::string& output) const {
    v1::JobRequest request;
    request.set_job(job);
    request.add_inputs(Path("input.txt"));
    request.set_output(Path(output));
    return request;
  }

  EmbeddedOptions Options(std::uint32_t threads) const {
    EmbeddedOptions options;
    options.threads = threads;
    options.spill_directory = Path("spill");
    return options;
  }

  std::map<std::string, std::string> FilesOf(const std::string& output) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(Path(output))) {
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      files[entry.path().filename().string()] = text.str();
    }
    return files;
  }

  TempDirectory directory_;
};

TEST_F(EmbeddedRunTest, WritesTheSameBytesWithAnyNumberOfThreads) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "line " + std::to_string(i % 100) + "\n";
  WriteInput(text);
  for (const std::uint32_t threads : {1u, 3u}) {
    v1::JobRequest request = Request("test_linecount", "output-" + std::to_string(threads));
    request.set_split_bytes(4'096);
    request.set_partitions(2);
    const EmbeddedOutcome outcome = RunEmbedded(request, Options(threads)).value();
    EXPECT_EQ(outcome.status.state(), v1::JOB_STATE_SUCCEEDED) << outcome.status.message();
    EXPECT_GT(outcome.status.stages(0).tasks_total(), 5u);
    EXPECT_EQ(outcome.status.stages(1).tasks_succeeded(), 2u);
  }
  const std::map<std::string, std::string> files = FilesOf("output-1");
  EXPECT_EQ(files, FilesOf("output-3"));
  EXPECT_EQ(files.size(), 3u);  // two partitions and _SUCCESS
  const std::string both = files.at("part-00000-of-00002") + files.at("part-00001-of-00002");
  EXPECT_EQ(std::count(both.begin(), both.end(), '\n'), 100);
  EXPECT_THAT(both, HasSubstr("line 42\t50\n"));
}

TEST_F(EmbeddedRunTest, GivesCountersThatCountEachTaskOnce) {
  WriteInput("a\nb\na\n");
  const EmbeddedOutcome outcome =
      RunEmbedded(Request("test_linecount", "output"), Options(2)).value();
  std::map<std::string, std::uint64_t> counters;
  for (const v1::Counter& c : outcome.counters) counters[c.name()] = c.value();
  EXPECT_EQ(counters["input_records"], 3u);
  EXPECT_EQ(counters["output_records"], 2u);
}

TEST_F(EmbeddedRunTest, FailsWithTheUsersSentenceAndLeavesNoOutput) {
  WriteInput("good\nbad\n");
  v1::JobRequest request = Request("test_thrower", "output");
  request.set_max_attempts(2);
  const EmbeddedOutcome outcome = RunEmbedded(request, Options(2)).value();
  EXPECT_EQ(outcome.status.state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(outcome.status.message(),
              AllOf(HasSubstr("map task 0 failed 2 times"), HasSubstr("this line is bad"),
                    HasSubstr("input.txt")));
  EXPECT_FALSE(fs::exists(Path("output")));
}

TEST_F(EmbeddedRunTest, TriesACommitThatFailsAgain) {
  WriteInput("a\n");
  EmbeddedOptions options = Options(1);
  options.commit_retries = {1, 1, 60'000};
  const std::string obstacle = Path("output/part-00000-of-00004");
  bool troubled = false;
  options.on_progress = [&](const v1::JobStatus& status) {
    if (status.state() == v1::JOB_STATE_RUNNING) fs::create_directories(obstacle + "/in-the-way");
    if (!HasEnded(status.state()) && !status.message().empty()) {
      troubled = true;
      EXPECT_THAT(status.message(), HasSubstr("part-00000-of-00004"));
      fs::remove_all(obstacle);
    }
  };
  const EmbeddedOutcome outcome = RunEmbedded(Request("test_linecount", "output"), options).value();
  EXPECT_EQ(outcome.status.state(), v1::JOB_STATE_SUCCEEDED) << outcome.status.message();
  EXPECT_TRUE(troubled);
  EXPECT_FALSE(fs::exists(Path("output/_temporary")));
}

TEST_F(EmbeddedRunTest, KeepsAndNamesFinishedFilesThatCanNotBePutIntoPlace) {
  WriteInput("a\n");
  EmbeddedOptions options = Options(1);
  options.commit_retries = {1, 1, 0};
  options.on_progress = [&](const v1::JobStatus&) {
    fs::create_directories(Path("output/part-00000-of-00004/in-the-way"));
  };
  const EmbeddedOutcome outcome = RunEmbedded(Request("test_linecount", "output"), options).value();
  EXPECT_EQ(outcome.status.state(), v1::JOB_STATE_FAILED);
  const std::string& message = outcome.status.message();
  const std::size_t staging = message.rfind(Path("output/_temporary/"));
  ASSERT_NE(staging, std::string::npos) << message;
  EXPECT_FALSE(fs::is_empty(message.substr(staging, message.rfind('\'') - staging))) << message;
}

TEST_F(EmbeddedRunTest, RefusesTheOutputOfAnotherRunUnderEveryName) {
  WriteInput("a\n");
  fs::create_directory_symlink(directory_.path(), Path("alias"));
  EmbeddedOptions options = Options(1);
  int refusals = 0;
  options.on_progress = [&](const v1::JobStatus& status) {
    if (status.state() != v1::JOB_STATE_RUNNING) return;
    for (const char* output : {"output", "alias/output", "alias/output/"}) {
      v1::JobRequest second = Request("test_linecount", output);
      second.set_overwrite(true);
      const absl::StatusOr<EmbeddedOutcome> refused = RunEmbedded(second, Options(1));
      EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists) << output;
      EXPECT_THAT(Message(refused.status()), HasSubstr("'gristmill run' on ")) << output;
      ++refusals;
    }
  };
  const EmbeddedOutcome outcome = RunEmbedded(Request("test_linecount", "output"), options).value();
  EXPECT_EQ(outcome.status.state(), v1::JOB_STATE_SUCCEEDED) << outcome.status.message();
  EXPECT_GE(refusals, 3);
}

TEST_F(EmbeddedRunTest, RefusesABadRequestBeforeAnyTaskRuns) {
  const absl::StatusOr<EmbeddedOutcome> outcome =
      RunEmbedded(Request("test_linecount", "output"), Options(1));
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(outcome.status()), HasSubstr("input.txt"));
}

TEST_F(EmbeddedRunTest, EndsCancelledAndLeavesNoOutput) {
  WriteInput("a\n");
  absl::Notification runs;
  absl::Notification may_end;
  holder_runs = &runs;
  holder_may_end = &may_end;
  std::atomic<bool> cancelled{false};
  EmbeddedOptions options = Options(1);
  options.cancelled = &cancelled;
  options.on_progress = [&](const v1::JobStatus& status) {
    if (runs.HasBeenNotified()) cancelled = true;
    if (status.state() == v1::JOB_STATE_CANCELLED && !may_end.HasBeenNotified()) may_end.Notify();
  };
  const EmbeddedOutcome outcome = RunEmbedded(Request("test_holder", "output"), options).value();
  EXPECT_EQ(outcome.status.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_FALSE(fs::exists(Path("output")));
}

class EmbeddedTimeoutTest : public EmbeddedRunTest {
 protected:
  EmbeddedTimeoutTest() : options_(Options(1)), request_(Request("test_holder", "output")) {
    WriteInput("a\n");
    holder_runs = &runs_;
    holder_may_end = &may_end_;
    request_.set_max_attempts(1);
    request_.set_task_timeout_ms(50);
  }

  absl::Notification runs_;
  absl::Notification may_end_;
  EmbeddedOptions options_;
  v1::JobRequest request_;
};

TEST_F(EmbeddedTimeoutTest, ATaskThatStopsWhenItsTimeIsUpHasFailed) {
  options_.stop_deadline_ms = 60'000;
  options_.on_stuck = [](const v1::JobStatus&) { ADD_FAILURE() << "it stops when asked"; };
  std::optional<Instant> begun;
  int late_looks = 0;  // tasks are looked at before each
  options_.on_progress = [&](const v1::JobStatus&) {
    if (!begun) begun = MonotonicNow();
    if (MonotonicNow() - *begun > 50 && ++late_looks == 2) may_end_.Notify();
  };
  const EmbeddedOutcome outcome = RunEmbedded(request_, options_).value();
  EXPECT_EQ(outcome.status.state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(outcome.status.message(),
              AllOf(HasSubstr("map task 0 failed once: it ran longer than --task-timeout 50 ms"),
                    HasSubstr("input.txt")));
  EXPECT_FALSE(fs::exists(Path("output")));
}

TEST_F(EmbeddedTimeoutTest, TimeThatATaskWaitsForAThreadIsNotItsOwn) {
  constexpr std::size_t kLineBytes = 4'096;
  std::string text;
  for (int i = 0; i < 20; ++i) text += std::string(kLineBytes - 1, 'x') + "\n";
  // Sent ahead of their thread together, since the tasks before took no time.
  for (int i = 0; i < 4; ++i) text += "nap" + std::string(kLineBytes - 4, ' ') + "\n";
  WriteInput(text);
  request_.set_job("test_napper");
  request_.set_split_bytes(kLineBytes);
  request_.set_task_timeout_ms(400);
  const EmbeddedOutcome outcome = RunEmbedded(request_, options_).value();
  EXPECT_EQ(outcome.status.state(), v1::JOB_STATE_SUCCEEDED) << outcome.status.message();
  EXPECT_EQ(outcome.status.stages(0).tasks_succeeded(), 24u);
}

TEST_F(EmbeddedTimeoutTest, ATaskThatDoesNotStopEndsTheProcessAndLeavesNoOutput) {
  struct ProcessEnds {};
  options_.stop_deadline_ms = 1;
  options_.on_stuck = [&](const v1::JobStatus& status) {
    EXPECT_EQ(status.state(), v1::JOB_STATE_FAILED);
    EXPECT_THAT(status.message(), HasSubstr("it did not stop when asked, so the process ended"));
    EXPECT_FALSE(fs::exists(Path("output")));
    may_end_.Notify();
    throw ProcessEnds();
  };
  EXPECT_THROW(static_cast<void>(RunEmbedded(request_, options_)), ProcessEnds);
}

}  // namespace
}  // namespace gristmill::cli
