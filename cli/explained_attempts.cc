#include "cli/explained_attempts.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/units.h"
#include "cli/explained_times.h"

namespace gristmill::cli {
namespace {

// Of a task that is much slower than its like: so many times the median, and so much longer.
constexpr double kSlow = 2;
constexpr std::uint64_t kSlowMsMin = 2'000;
constexpr double kSkewed = 3;
constexpr std::uint64_t kSkewedBytesMin = 1 << 20;
constexpr double kHeavyShare = 0.2;
constexpr std::size_t kTold = 3;  // of a kind

class AttemptsExplainer {
 public:
  AttemptsExplainer(const v1::JobFacts& facts, std::vector<Finding>* findings)
      : facts_(facts), findings_(findings) {}

  void Run() {
    for (const v1::AttemptFacts& attempt : facts_.running()) ExplainRunning(attempt);
    for (const v1::AttemptFacts& attempt : facts_.slowest()) ExplainFinished(attempt);
  }

 private:
  std::string TaskName(const v1::AttemptFacts& attempt) const {
    return NameOfTask(facts_, attempt.id().stage(), attempt.id().task());
  }

  const v1::StageFacts& StageOf(const v1::AttemptFacts& attempt) const {
    static const v1::StageFacts kNone;
    const auto index = static_cast<int>(attempt.id().stage());
    return index < facts_.stages_size() ? facts_.stages(index) : kNone;
  }

  bool IsOver(std::uint32_t stage) const {
    const auto index = static_cast<int>(stage);
    if (index >= facts_.status().stages_size()) return false;
    const v1::StageStatus& status = facts_.status().stages(index);
    return status.tasks_succeeded() == status.tasks_total();
  }

  // Of what reduce tasks merge; if none has finished, of those that run.
  std::uint64_t UsualBytes(const v1::AttemptFacts& attempt) const {
    if (StageOf(attempt).median_input_bytes() > 0) return StageOf(attempt).median_input_bytes();
    std::vector<std::uint64_t> others;
    for (const v1::AttemptFacts& other : facts_.running()) {
      const bool is_like = other.id().stage() == attempt.id().stage() && other.input_bytes() > 0;
      if (is_like && other.attempt() != attempt.attempt()) others.push_back(other.input_bytes());
    }
    if (others.empty()) return 0;
    std::ranges::sort(others);
    return others[others.size() / 2];
  }

  bool IsSkewed(const v1::AttemptFacts& attempt) const {
    const std::uint64_t usual = UsualBytes(attempt);
    return usual > 0 && attempt.input_bytes() > kSkewedBytesMin &&
           static_cast<double>(attempt.input_bytes()) > kSkewed * static_cast<double>(usual);
  }

  static bool HasHeavyKey(const v1::AttemptFacts& attempt) {
    return static_cast<double>(attempt.heavy_key().pairs()) >
           kHeavyShare * static_cast<double>(attempt.records());
  }

  // "its key "the" has 61 % of the 1,234,567 pairs read".
  static std::string DescribeKey(const v1::AttemptFacts& attempt) {
    const double share = static_cast<double>(attempt.heavy_key().pairs()) /
                         static_cast<double>(std::max<std::uint64_t>(attempt.records(), 1));
    return fmt::format("the key {} has {} of its {}, {:.0f} %", attempt.heavy_key().key(),
                       GroupDigits(attempt.heavy_key().pairs()), CountOf(attempt.records(), "pair"),
                       100 * std::min(share, 1.0));
  }

  // Once for each task.
  void ExplainSkew(const v1::AttemptFacts& attempt, int weight) {
    const bool is_heavy = HasHeavyKey(attempt);
    if (!IsSkewed(attempt) || skewed_.size() >= kTold) return;
    if (!skewed_.insert({attempt.id().stage(), attempt.id().task()}).second) return;
    std::string text = fmt::format(
        "Partition {} is much larger than the others: {} reads {}, and "
        "the median is {}",
        attempt.id().task(), TaskName(attempt), FormatBytes(attempt.input_bytes()),
        FormatBytes(UsualBytes(attempt)));
    text +=
        is_heavy ? fmt::format("; {}.", DescribeKey(attempt)) : "; no single key makes that so.";
    findings_->push_back(
        {weight, "skew", text,
         is_heavy
             ? "Let the job Combine, if its values allow it, or make that key several, such as "
               "by a number behind it, and join them in a second job."
             : "Raise --partitions, or give the job another Partition."});
  }

  void ExplainRunning(const v1::AttemptFacts& attempt) {
    ExplainSkew(attempt, 80);
    const v1::StageFacts& stage = StageOf(attempt);
    const std::uint64_t ms = attempt.run_ms() > 0 ? attempt.run_ms() : attempt.waited_ms();
    const auto usual = static_cast<double>(stage.median_run_ms());
    const bool is_slow = stage.finished() > 0 && static_cast<double>(ms) > kSlow * usual &&
                         static_cast<double>(ms) - usual > static_cast<double>(kSlowMsMin);
    if (!is_slow || stragglers_ >= kTold) return;
    ++stragglers_;
    std::string text = fmt::format(
        "{} runs for {} on {}; the median of its stage is {}. It reads {}", TaskName(attempt),
        FormatDuration(static_cast<DurationMs>(ms)), attempt.worker(),
        FormatDuration(static_cast<DurationMs>(usual)), attempt.split());
    if (attempt.done_ppm() > 0) {
      text += fmt::format(", of which {:.0f} % are done", attempt.done_ppm() / 1e4);
    }
    if (attempt.records() > 0)
      text += fmt::format(", {} so far", CountOf(attempt.records(), "record"));
    text += ".";
    if (!attempt.status().empty()) text += fmt::format(" It says: '{}'.", attempt.status());
    const auto [part, share] = MainPart(attempt.spent());
    if (part != nullptr) {
      text += fmt::format(" {:.0f} % of its time went into {}.", 100 * share, part->what);
    }
    if (HasHeavyKey(attempt) && !IsSkewed(attempt))
      text += " Of its keys, " + DescribeKey(attempt) + ".";
    findings_->push_back({75, "straggler", text, RemedyOf(attempt, part)});
  }

  std::string RemedyOf(const v1::AttemptFacts& attempt, const TimePart* part) const {
    if (part != nullptr && !part->task_remedy.empty()) return std::string(part->task_remedy);
    return fmt::format(
        "'gristmill logs {0} {1}' shows what it wrote; 'gristmill replay {0} {1} "
        "--perf' shows where its code spends the time.",
        facts_.status().id(), TaskName(attempt));
  }

  void ExplainFinished(const v1::AttemptFacts& attempt) {
    ExplainSkew(attempt, 58);
    const v1::StageFacts& stage = StageOf(attempt);
    const std::uint64_t span =
        stage.last_end_ms() - std::min(stage.first_start_ms(), stage.last_end_ms());
    const bool dominates = IsOver(attempt.id().stage()) && stage.finished() > 1 &&
                           static_cast<double>(attempt.run_ms()) >
                               kSlow * static_cast<double>(stage.median_run_ms()) &&
                           attempt.run_ms() > span / 2 && attempt.run_ms() > 1'000;
    if (!dominates || !dominated_.insert(attempt.id().stage()).second) return;
    findings_->push_back(
        {57, "slowest",
         fmt::format(
             "The {} stage took {}, of which its slowest task, {} on {}, took {}; the median "
             "is {}. It read {}.",
             NameOfStage(facts_, attempt.id().stage()),
             FormatDuration(static_cast<DurationMs>(span)), TaskName(attempt), attempt.worker(),
             FormatDuration(static_cast<DurationMs>(attempt.run_ms())),
             FormatDuration(static_cast<DurationMs>(stage.median_run_ms())), attempt.split()),
         IsSkewed(attempt) ? "" : "Smaller splits or more partitions would spread it."});
  }

  const v1::JobFacts& facts_;
  std::vector<Finding>* const findings_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> skewed_;  // stage and task
  std::set<std::uint32_t> dominated_;                         // stages
  std::size_t stragglers_ = 0;
};

}  // namespace

void ExplainAttempts(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  AttemptsExplainer(facts, findings).Run();
}

}  // namespace gristmill::cli
