// Golden scenarios: testdata/*.txt hold commands, each followed by every record and action it
// leads to. GRISTMILL_REWRITE_GOLDEN=1 writes what happens now into the files; read the diff.
//
//   submit NAME [samples=N] maps=N [reduces=N [again=N]] [attempts=N] [skip=N] [no-output]
//                                [cpus=N] [memory=N] [gpus=N] [labels=A,B] [halt=N|N%] [timeout=N%]
//                                (again: a third stage that reads what the reduces wrote)
//                                [hold=SECONDS]
//   cancel JOB REASON            committed JOB [MESSAGE]        (a message: the commit failed)
//   suspend JOB REASON           resume JOB
//   join NAME [slots=N] [memory=N] [gpus=N] [labels=A,B] [runs=A,B] [jobs=A,B] [spill=DIR]
//                                (again: the same instance registers again)
//   heartbeat NAME [ATTEMPT=RECORDS/PERCENT/CUT_AT/RUN_MS…] [disk=short]   disconnect|drain|leave
//   NAME succeed ATTEMPT [on=NAME] [result=TEXT] [run_us=N] [records=N] [COUNTER=N…] fail ATTEMPT
//   user|handed-back|fetch [MESSAGE] [lost=STAGE/TASK,…] [on=NAME] [alone=yes]
//                                [record=PATH:OFFSET]
//   advance SECONDSs             then a Tick
//   stall SECONDSs               the coordinator stood still; no Tick
//   limit running-jobs=N         only before everything else
//   recover                      a new coordinator folds all records, then Recover
//   show                         the views
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>

#include "coordinator/core/coordinator.h"
#include "coordinator/core/testing_text.h"

namespace gristmill::coordinator {
namespace {

// "fail 3 user "two words" a=b" in pieces; quotes group.
struct Command {
  explicit Command(const std::string& line) {
    std::string word;
    bool quoted = false;
    const auto end_word = [&] {
      if (!word.empty()) words.push_back(std::exchange(word, ""));
    };
    for (const char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ' ' && !quoted) {
        end_word();
      } else {
        word += c;
      }
    }
    end_word();
    for (auto it = words.begin(); it != words.end();) {
      const auto equals = it->find('=');
      if (equals == std::string::npos) {
        ++it;
        continue;
      }
      options[it->substr(0, equals)] = it->substr(equals + 1);
      it = words.erase(it);
    }
  }

  std::string Word(std::size_t index) const { return index < words.size() ? words[index] : ""; }
  std::uint64_t Number(std::size_t index) const { return std::stoull(words.at(index)); }
  std::string Take(const std::string& name, const std::string& otherwise) {
    const auto found = options.find(name);
    if (found == options.end()) return otherwise;
    const std::string value = found->second;
    options.erase(found);
    return value;
  }
  std::uint32_t TakeNumber(const std::string& name, std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(std::stoul(Take(name, std::to_string(otherwise))));
  }

  std::vector<std::string> words;
  std::map<std::string, std::string> options;
};

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

class Scenario {
 public:
  // The lines that the command leads to.
  std::vector<std::string> Run(const std::string& line) {
    Command command(line);
    lines_.clear();
    const std::string verb = command.Word(0);
    if (verb == "limit") {
      limits_.running_jobs_max = command.TakeNumber("running-jobs", 64);
      coordinator_ = std::make_unique<Coordinator>(limits_);
    } else if (verb == "recover") {
      Recover();
    } else if (verb == "show") {
      Show();
    } else if (verb == "advance") {
      now_ = now_ + std::stoll(command.Word(1)) * 1'000;
      Perform(coordinator_->Step(Tick{}, now_));
    } else {
      Perform(coordinator_->Step(EventOf(verb, command), now_));
    }
    return lines_;
  }

 private:
  Event EventOf(const std::string& verb, Command& command) {
    if (verb == "submit") return Submit(command);
    if (verb == "cancel") return CancelJob{JobId(command.Number(1)), command.Word(2)};
    if (verb == "suspend") return SuspendJob{JobId(command.Number(1)), command.Word(2)};
    if (verb == "resume") return ResumeJob{JobId(command.Number(1))};
    if (verb == "committed") {
      return OutputCommitted{JobId(command.Number(1)), command.Word(2).empty(), command.Word(2)};
    }
    if (verb == "join") return Join(command);
    if (verb == "succeed") return Succeed(command);
    if (verb == "fail") return Fail(command);
    if (verb == "stall") return Stall(command);
    const WorkerId worker = worker_ids_.at(command.Word(1));
    if (verb == "heartbeat") return Heartbeat(worker, command);
    if (verb == "disconnect") return WorkerDisconnected{worker};
    if (verb == "drain") return WorkerDraining{worker};
    if (verb == "leave") return WorkerLeft{worker};
    throw std::invalid_argument("unknown command " + verb);
  }

  static Event Heartbeat(WorkerId worker, const Command& command) {
    WorkerHeartbeat event{worker, {}};
    // ATTEMPT=RECORDS, or RECORDS/PERCENT, or RECORDS/PERCENT/CUT_AT, or with /RUN_MS.
    for (const auto& [attempt, progress] : command.options) {
      if (attempt == "disk") {
        event.short_of_disk = progress == "short";
        continue;
      }
      const std::vector<std::string> parts = Split(progress, '/');
      auto& told = event.progress.emplace_back();
      told.attempt = AttemptId(std::stoull(attempt));
      told.records = std::stoull(parts.at(0));
      if (parts.size() > 1) told.done_ppm = 10'000 * std::stoul(parts[1]);
      if (parts.size() > 2 && !parts[2].empty()) told.cut_at = std::stoull(parts[2]);
      if (parts.size() > 3) told.run_ms = std::stoll(parts[3]);
    }
    return event;
  }

  Event Stall(Command& command) {
    now_ = now_ + std::stoll(command.Word(1)) * 1'000;
    return CoordinatorStalled{};
  }

  static Event Submit(Command& command) {
    JobShape shape;
    shape.name = command.Word(1);
    shape.has_output = command.Word(2) != "no-output";
    shape.max_attempts = command.TakeNumber("attempts", 4);
    shape.skip_bad_records = command.TakeNumber("skip", 0);
    shape.needs = {command.TakeNumber("cpus", 1), command.TakeNumber("memory", 0),
                   command.TakeNumber("gpus", 0), Split(command.Take("labels", ""), ',')};
    const std::string halt = command.Take("halt", "1");
    (halt.ends_with('%') ? shape.halt.percent : shape.halt.failures) =
        static_cast<std::uint32_t>(std::stoul(halt));
    shape.timeout_percent = command.TakeNumber("timeout", 0);
    shape.hold_ms = DurationMs{1'000} * command.TakeNumber("hold", 0);
    const std::uint32_t samples = command.TakeNumber("samples", 0);
    if (samples > 0) shape.stages.push_back({samples, {}});
    const auto map = static_cast<std::uint32_t>(shape.stages.size());
    shape.stages.push_back({command.TakeNumber("maps", 0), {}});
    shape.stages[map].may_be_cut = command.TakeNumber("cut", 0) > 0;
    if (samples > 0) shape.stages[map].inputs = {{0, EdgeKind::kBroadcast}};
    if (command.options.contains("reduces")) {
      shape.stages.push_back({command.TakeNumber("reduces", 0), {{map, EdgeKind::kShuffle}}});
    }
    if (command.options.contains("again")) {
      shape.stages.push_back({command.TakeNumber("again", 0), {{map + 1, EdgeKind::kShuffle}}});
    }
    return SubmitJob{shape};
  }

  static Event Join(Command& command) {
    const std::string name = command.Word(1);
    WorkerRegistered event{name + "-instance",
                           name,
                           {command.TakeNumber("slots", 1), command.TakeNumber("memory", 0),
                            command.TakeNumber("gpus", 0), Split(command.Take("labels", ""), ',')},
                           name + ":1",
                           command.Take("spill", "/spill"),
                           {}};
    for (const std::string& id : Split(command.Take("runs", ""), ',')) {
      event.running.push_back(AttemptId(std::stoull(id)));
    }
    for (const std::string& id : Split(command.Take("jobs", ""), ',')) {
      event.jobs.push_back(JobId(std::stoull(id)));
    }
    return event;
  }

  WorkerId Reporter(Command& command, AttemptId attempt) {
    const std::string name = command.Take("on", "");
    if (!name.empty()) return worker_ids_.at(name);
    const auto found = attempt_workers_.find(attempt);
    if (found == attempt_workers_.end()) {
      ADD_FAILURE() << "the scenario names attempt " << attempt << ", which was never started";
      return WorkerId();
    }
    return found->second;
  }

  Event Succeed(Command& command) {
    const AttemptId attempt(command.Number(1));
    AttemptSucceeded event{Reporter(command, attempt),
                           attempt,
                           {},
                           command.Take("result", ""),
                           command.TakeNumber("run_us", 0),
                           command.TakeNumber("records", 0)};
    if (command.options.contains("cut_at")) event.cut_at = command.TakeNumber("cut_at", 0);
    for (const auto& [name, value] : command.options) {
      event.counters.emplace_back(name, std::stoull(value));
    }
    return event;
  }

  Event Fail(Command& command) {
    const AttemptId attempt(command.Number(1));
    AttemptFailed event{
        Reporter(command, attempt), attempt, AttemptFailed::Cause::kUser, command.Word(3), {}};
    event.run_alone = command.Take("alone", "") == "yes";
    if (const auto place = Split(command.Take("record", ""), ':'); place.size() == 2) {
      event.record = InputRecord{place[0], std::stoull(place[1])};
    }
    if (command.Word(2) == "fetch") event.cause = AttemptFailed::Cause::kFetch;
    if (command.Word(2) == "handed-back") event.cause = AttemptFailed::Cause::kHandedBack;
    for (const std::string& lost : Split(command.Take("lost", ""), ',')) {
      const auto parts = Split(lost, '/');
      event.lost_outputs.push_back({JobId(1), static_cast<std::uint32_t>(std::stoul(parts.at(0))),
                                    static_cast<std::uint32_t>(std::stoul(parts.at(1)))});
    }
    return event;
  }

  void Recover() {
    auto recovered = std::make_unique<Coordinator>(limits_);
    for (const Record& record : journal_) recovered->Apply(record);
    EXPECT_EQ(recovered->Fingerprint(), coordinator_->Fingerprint());
    coordinator_ = std::move(recovered);
    Perform(coordinator_->Recover(now_));
  }

  void Show() {
    for (const JobId id : coordinator_->jobs()) {
      lines_.push_back(Text(*coordinator_->job(id)));
      if (coordinator_->job(id)->stages.at(0).tasks_cut > 0) lines_.push_back(InInputOrder(id));
    }
    for (const WorkerView& worker : coordinator_->workers()) lines_.push_back(Text(worker));
  }

  // The finished tasks of a job's first stage, with the parts that they read.
  std::string InInputOrder(JobId id) const {
    std::string text = fmt::format("job {} outputs:", id.value());
    for (const auto& output : coordinator_->stage_outputs(id, 0)) {
      const TaskPart part = coordinator_->task({id, 0, output.task})->part;
      text += fmt::format(" {}=", output.task);
      if (part.end == TaskPart::kPlannedEnd) {
        text += fmt::format("{}[{}..]", part.planned, part.begin);
      } else {
        text += fmt::format("{}[{}..{}]", part.planned, part.begin, part.end);
      }
    }
    return text;
  }

  void Perform(const Output& output) {
    for (const Record& record : output.records) {
      journal_.push_back(record);
      lines_.push_back("record " + Text(record));
    }
    for (const Action& action : output.actions) {
      lines_.push_back("action " + Text(action));
      if (const auto* start = std::get_if<StartAttempt>(&action)) {
        attempt_workers_[start->attempt] = start->worker;
      }
      if (const auto* accept = std::get_if<AcceptWorker>(&action)) {
        worker_ids_[Split(accept->instance, '-').at(0)] = accept->worker;
      }
    }
  }

  Limits limits_;
  std::unique_ptr<Coordinator> coordinator_ = std::make_unique<Coordinator>(limits_);
  Instant now_;
  std::vector<Record> journal_;
  std::map<AttemptId, WorkerId> attempt_workers_;
  std::map<std::string, WorkerId> worker_ids_;
  std::vector<std::string> lines_;
};

// The file as it would be if everything happened as it does now.
std::string Replayed(std::istream& golden) {
  std::string text;
  Scenario scenario;
  for (std::string line; std::getline(golden, line);) {
    if (line.starts_with("  => ")) continue;
    text += line + "\n";
    if (line.empty() || line.starts_with("#")) continue;
    for (const std::string& output : scenario.Run(line)) text += "  => " + output + "\n";
  }
  return text;
}

class GoldenScenario : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(GoldenScenario, HappensAsWritten) {
  std::ifstream file(GetParam());
  ASSERT_TRUE(file.is_open()) << GetParam();
  std::stringstream golden;
  golden << file.rdbuf();
  const std::string happened = Replayed(golden);
  if (std::getenv("GRISTMILL_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(GetParam()) << happened;
    return;
  }
  EXPECT_EQ(golden.str(), happened);
}

std::vector<std::filesystem::path> Files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(GRISTMILL_TESTDATA)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Core, GoldenScenario, testing::ValuesIn(Files()), [](const auto& param) {
  std::string name = param.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace gristmill::coordinator
