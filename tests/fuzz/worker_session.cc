// What workers say to the coordinator. Whatever comes over sessions, its core goes on, gives no
// worker more attempts than it may have, and what it journaled gives its state back.
#include <array>
#include <map>

#include "base/attempt_limits.h"
#include "base/status.h"
#include "coordinator/rpc/driver.h"
#include "coordinator/rpc/fake_session.h"
#include "coordinator/rpc/session_events.h"
#include "coordinator/rpc/status_view.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/quiet.h"

namespace gristmill::fuzz {
namespace {

using coordinator::Driver;
using coordinator::FakeSession;

constexpr char kVersion[] = "1.0";
const Driver::Options kOptions{.limits = {.running_jobs_max = 3}};

class NoOutputs final : public coordinator::OutputPort {
 public:
  void Reclaim(JobId job, Plan plan) override {}
  void Commit(JobId job, Plan plan, Finished finished) override { jobs.push_back(job); }
  void Abandon(Plan plan) override {}
  std::vector<JobId> jobs;  // whose commit was asked for
};

std::shared_ptr<const v1::JobPlan> DrawPlan(Input& input) {
  auto plan = std::make_shared<v1::JobPlan>();
  plan->mutable_request()->set_job("job");
  plan->mutable_request()->set_max_attempts(1 + input.Below(3));
  plan->add_inputs()->set_format(v1::INPUT_FORMAT_INTEGER_RANGE);
  const std::uint32_t tasks = input.Below(12);
  plan->mutable_inputs(0)->set_range_end(tasks);
  plan->mutable_request()->set_splits(tasks);
  if (input.Flag()) plan->set_staging_directory("/out/_temporary/t");
  const std::uint32_t stages = 1 + input.Below(3);
  for (std::uint32_t i = 0; i < stages; ++i) {
    v1::StagePlan& stage = *plan->add_stages();
    stage.set_kind(i == 0 ? v1::STAGE_KIND_MAP : v1::STAGE_KIND_REDUCE);
    stage.set_task_count(i == 0 ? tasks : 1 + input.Below(3));
    if (i == 0) continue;
    v1::StageEdge& edge = *stage.add_inputs();
    edge.set_from_stage(i - 1);
    edge.set_kind(input.Flag() ? v1::EDGE_KIND_BROADCAST : v1::EDGE_KIND_SHUFFLE);
  }
  plan->set_output_files(plan->stages().rbegin()->task_count());
  return plan;
}

class Cluster {
 public:
  Cluster() {
    for (Session& session : sessions_) session.port = std::make_shared<FakeSession>();
    Turn();
  }

  void Act(Input& input) {
    Session& session = sessions_[input.Below(sessions_.size())];
    switch (input.Below(11)) {
      case 0:
        return Register(session, DrawRegistration(input));
      case 1:
        return RegisterBytes(session, input.Text());
      case 2:
        return SayBytes(session, input.Text());
      case 3:
      case 4:
        return SayReports(session, input);
      case 5:
        return SayHeartbeat(session, input);
      case 6:
        if (driver_.catalog().entries().size() < 8) driver_.Submit(DrawPlan(input));
        return;
      case 7:
        return driver_.Step(coordinator::CancelJob{JobId(input.Below(8)), "no more"});
      case 8:
        return Close(session);
      case 9:
        now_ = now_ + input.Number<std::uint16_t>();
        return;
      default:
        return AnswerCommit(input);
    }
  }

  // Ends the turn: what it recorded goes to the one that refolds it.
  void Turn() {
    for (const v1::JournalRecord& record : driver_.TakeRecords()) {
      if (record.has_attempt_assigned()) {
        attempts_.push_back(record.attempt_assigned().attempt());
      }
      const absl::Status folded = refolded_.Replay(record);
      Expect(folded.ok(), "a record can't be read again: {}", folded.ToString());
    }
    driver_.Speak();
    driver_.BeginTurn(now_, 1);
    driver_.Step(coordinator::Tick{});
  }

  void Check() {
    Turn();
    const std::string live = driver_.core().Fingerprint();
    Expect(refolded_.core().Fingerprint() == live, "the journal gives another state back");
    Driver restored(kOptions, &outputs_);
    const absl::Status taken =
        driver_.Snapshot([&](const v1::JournalRecord& record) { return restored.Replay(record); });
    Expect(taken.ok() && restored.core().Fingerprint() == live, "the snapshot is another state");
    for (const auto& worker : driver_.core().workers()) {
      const std::uint32_t slots = worker.resources.slots;
      Expect(worker.slots_used <= slots, "{} of {} slots", worker.slots_used, slots);
      Expect(worker.attempts <= slots + AttemptsAheadMax(slots), "{} attempts for {}",
             worker.attempts, slots);
    }
    coordinator::ViewJobs(driver_.core(), driver_.catalog(), 1'000, now_);
    coordinator::ViewWorkers(driver_.core(), now_);
  }

 private:
  struct Session {
    std::shared_ptr<FakeSession> port;
    bool registered = false;
  };

  v1::Register DrawRegistration(Input& input) const {
    v1::Register message;
    message.set_instance(std::string(1, static_cast<char>('a' + input.Below(3))));
    message.set_name("host:1");
    message.set_version(kVersion);
    message.set_slots(input.Byte());
    for (std::uint32_t count = input.Below(4); count > 0; --count) {
      message.add_running_attempts(DrawAttempt(input));
      message.add_jobs(input.Below(8));
    }
    return message;
  }
  void RegisterBytes(Session& session, std::string_view bytes) {
    v1::Register message;
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      Register(session, message);
    }
  }
  // As WorkerSession does.
  void Register(Session& session, const v1::Register& message) {
    if (session.registered || !coordinator::CheckRegister(message, kVersion).ok()) return;
    session.registered = true;
    OnRegister(driver_, session.port, message);
  }
  void Say(Session& session, const v1::WorkerMessage& message) {
    if (session.registered) OnWorkerMessage(driver_, session.port, message);
  }
  void SayBytes(Session& session, std::string_view bytes) {
    v1::WorkerMessage message;
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      Say(session, message);
    }
  }
  void SayReports(Session& session, Input& input) {
    v1::WorkerMessage message;
    for (std::uint32_t count = 1 + input.Below(3); count > 0; --count) {
      v1::TaskReport& report = *message.mutable_reports()->add_reports();
      report.set_attempt(DrawAttempt(input));
      report.set_outcome(static_cast<v1::TaskOutcome>(input.Below(6)));
      report.set_message(std::string(input.Below(4), 'm'));
      report.set_result(std::string(input.Below(4), 'r'));
      report.set_run_us(input.Number<std::uint32_t>());
      report.set_records(input.Byte());
      for (std::uint32_t lost = input.Below(3); lost > 0; --lost) {
        v1::TaskId& task = *report.add_lost_outputs();
        task.set_job(input.Below(8));
        task.set_stage(input.Below(4));
        task.set_task(input.Below(16));
      }
      v1::Counter& counter = *report.add_counters();
      counter.set_name(std::string(1, static_cast<char>('a' + input.Below(4))));
      counter.set_value(input.Number<std::uint64_t>());
    }
    Say(session, message);
  }
  void SayHeartbeat(Session& session, Input& input) {
    v1::WorkerMessage message;
    for (std::uint32_t count = input.Below(4); count > 0; --count) {
      v1::AttemptProgress& progress = *message.mutable_heartbeat()->add_progress();
      progress.set_attempt(DrawAttempt(input));
      progress.set_records(input.Number<std::uint64_t>());
    }
    message.mutable_heartbeat();
    Say(session, message);
  }
  void Close(Session& session) {
    coordinator::OnSessionClosed(driver_, session.port.get());
    session = {std::make_shared<FakeSession>()};
  }
  void AnswerCommit(Input& input) {
    const bool ok = input.Flag();
    const JobId job = outputs_.jobs.empty() ? JobId(input.Byte()) : outputs_.jobs.back();
    if (!outputs_.jobs.empty()) outputs_.jobs.pop_back();
    driver_.Step(coordinator::OutputCommitted{job, ok, ok ? "" : "the disk is full"});
  }
  std::uint64_t DrawAttempt(Input& input) const {
    const std::uint8_t drawn = input.Byte();
    // The newest are the most likely to run.
    return drawn < attempts_.size() ? attempts_[attempts_.size() - 1 - drawn] : drawn;
  }

  NoOutputs outputs_;
  Driver driver_{kOptions, &outputs_}, refolded_{kOptions, &outputs_};
  Instant now_{1'000};
  std::array<Session, 3> sessions_;
  std::vector<std::uint64_t> attempts_;  // all that were assigned
};

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  [[maybe_unused]] static const bool kQuiet = gristmill::fuzz::BeQuiet();
  gristmill::fuzz::Input input(data, size);
  gristmill::fuzz::Cluster cluster;
  for (int acts = 0; acts < 100 && !input.empty(); ++acts) {
    cluster.Act(input);
    cluster.Turn();
  }
  cluster.Check();
  return 0;
}
