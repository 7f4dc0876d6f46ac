// What the coordinator and runners say to a worker. Whatever comes, the worker's core goes on, what
// it forwards and reports is what came, and no path is followed that leads elsewhere.
#include <set>

#include "storage/file.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/quiet.h"
#include "worker/core/worker_core.h"
#include "worker/message_translation.h"
#include "worker/pipeline/shuffle_input.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::fuzz {
namespace {

constexpr std::size_t kReportBytesMax = 1'000;

class Worker {
 public:
  void Act(Input& input) {
    now_ = now_ + input.Byte();
    switch (input.Below(10)) {
      case 0:
        return Step(worker::SessionOpened{});
      case 1:
        return Step(worker::SessionBroken{});
      case 2:
      case 3:
        return HearCoordinator(input.Text());
      case 4:
        return HearAssignment(input);
      case 5:
        return HearRunner(DrawRunner(input), input.Text());
      case 6:
        return HearReport(DrawRunner(input), input);
      case 7:
        return Step(worker::RunnerConnected{DrawRunner(input)});
      case 8:
        return EndRunner(input);
      default:
        now_ = now_ + 100 * input.Byte();
        return Step(worker::Tick{});
    }
  }
  bool exited() const { return exited_; }

 private:
  void HearCoordinator(std::string_view bytes) {
    v1::CoordinatorMessage message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
    if (message.has_sources()) CheckSources(message.sources());
    Hear(message);
  }
  void Hear(v1::CoordinatorMessage message) {
    for (const worker::Input& each :
         worker::InputsOf(std::move(message), {{.slots = 2}, "/spill"})) {
      Step(each);
    }
  }
  // What it takes for anything to run.
  void HearAssignment(Input& input) {
    v1::CoordinatorMessage start, assign;
    start.mutable_job_start()->set_job(1 + input.Below(3));
    Hear(start);
    for (std::uint32_t count = 1 + input.Below(4); count > 0; --count) {
      v1::TaskAssignment& assignment = *assign.mutable_assign()->add_assignments();
      assignment.mutable_id()->set_job(1 + input.Below(3));
      assignment.set_attempt(1 + input.Below(16));
    }
    Hear(assign);
  }
  void HearRunner(worker::RunnerId runner, std::string_view bytes) {
    v1::RunnerMessage message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
    if (const auto heard = worker::InputOf(runner, std::move(message))) Step(*heard);
  }
  void HearReport(worker::RunnerId runner, Input& input) {
    v1::RunnerMessage message;
    v1::TaskReport& report = *message.mutable_reports()->add_reports();
    report.set_attempt(1 + input.Below(16));
    report.set_outcome(static_cast<v1::TaskOutcome>(input.Below(6)));
    report.set_message(std::string(input.Byte(), 'm'));
    report.set_result(std::string(8 * input.Byte(), 'r'));
    if (const auto heard = worker::InputOf(runner, std::move(message))) Step(*heard);
  }
  void EndRunner(Input& input) {
    const worker::RunnerId runner = DrawRunner(input);
    if (input.Flag()) return Step(worker::RunnerDetached{runner});
    if (runners_.erase(runner) == 0) return;  // a process dies once
    worker::RunnerDied died;
    died.runner = runner;
    died.how = static_cast<worker::RunnerDied::How>(input.Below(3));
    died.in_flight.emplace_back(AttemptId(1 + input.Below(16)));
    died.in_flight.back().crashed = input.Flag();
    died.in_flight.back().record = std::string(input.Below(4), 'r');
    Step(died);
  }
  worker::RunnerId DrawRunner(Input& input) const { return worker::RunnerId(1 + input.Below(8)); }

  static void CheckSources(const v1::ShuffleSources& sources) {
    try {
      for (const worker::MapOutput& output : worker::MapOutputsOf(sources)) {
        Expect(output.spill_directory.empty() || IsPlainAbsolutePath(output.spill_directory),
               "'{}' would be followed", output.spill_directory);
      }
    } catch (const TaskError&) {
      // The message contradicts itself.
    }
  }

  void Step(const worker::Input& event) {
    if (exited_) return;
    for (const worker::Output& output : core_.Step(event, now_)) {
      std::visit([this](const auto& asked) { Perform(asked); }, output);
    }
    Expect(core_.next_deadline() > now_ || !std::holds_alternative<worker::Tick>(event),
           "a tick leaves its deadline behind");
  }
  template <class Output>
  void Perform(const Output&) {}
  void Perform(const worker::ForwardToRunner& forward) {
    Expect(worker::CommandOf(forward).kind_case() != v1::RunnerCommand::KIND_NOT_SET, "nothing");
  }
  void Perform(const worker::CancelOnRunner& cancel) {
    Expect(worker::CommandOf(cancel).cancel().attempts_size() > 0, "nothing is cancelled");
  }
  void Perform(const worker::StartRunner& start) {
    Expect(runners_.insert(start.runner).second, "a runner is started twice");
  }
  void Perform(const worker::SendHeartbeat& heartbeat) { worker::MessageOf(heartbeat); }
  void Perform(const worker::SendReports& reports) {
    std::size_t count = 0;
    for (const v1::WorkerMessage& message : worker::MessagesOf(reports, kReportBytesMax)) {
      const int reports_in_it = message.reports().reports_size();
      Expect(reports_in_it == 1 || message.ByteSizeLong() <= kReportBytesMax, "{} bytes",
             message.ByteSizeLong());
      count += static_cast<std::size_t>(reports_in_it);
    }
    Expect(count == reports.reports.size(), "{} of {} reports", count, reports.reports.size());
  }
  void Perform(const worker::Exit&) { exited_ = true; }

  worker::WorkerCore core_{{.slots = 2, .keeps_spare_runner = true}};
  Instant now_{1'000};
  std::set<worker::RunnerId> runners_;  // alive
  bool exited_ = false;
};

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  [[maybe_unused]] static const bool kQuiet = gristmill::fuzz::BeQuiet();
  gristmill::fuzz::Input input(data, size);
  gristmill::fuzz::Worker worker;
  for (int acts = 0; acts < 200 && !input.empty() && !worker.exited(); ++acts) worker.Act(input);
  return 0;
}
