#include "cli/explained_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/units.h"

namespace gristmill::cli {
namespace {

constexpr std::array kParts = {
    TimePart{"time_read_us", &v1::TimeSpent::read_ms, "reading the input",
             "A faster file system, or compressed input, would help.",
             "See how the file system of the input fares on that host."},
    TimePart{"time_map_us", &v1::TimeSpent::map_ms, "the job's map code, with combining",
             "Faster code or more slots would help; 'gristmill replay' with --perf shows where it "
             "spends the time."},
    TimePart{"time_sort_us", &v1::TimeSpent::sort_ms, "sorting map output",
             "A Combine, where values fold, would leave less to sort.",
             "See how many pairs it emits; smaller splits would spread them over more tasks."},
    TimePart{"time_spill_us", &v1::TimeSpent::spill_ms, "writing map output to workers' disks",
             "A Combine, or a faster disk for --dir, would help.",
             "See how the disk below --dir fares on that host."},
    TimePart{"time_fetch_us", &v1::TimeSpent::fetch_ms, "fetching map output from other hosts",
             "A Combine would leave less to fetch; else it is the network.",
             "See the network between the workers."},
    TimePart{
        "time_merge_us", &v1::TimeSpent::merge_ms, "merging map output",
        "More --memory merges in fewer passes; a Combine leaves less to merge.",
        "More --memory merges in fewer passes; see also how the disk below --dir fares there."},
    TimePart{"time_reduce_us", &v1::TimeSpent::reduce_ms, "the job's reduce code",
             "More --partitions would spread it over more slots."},
    TimePart{"time_write_us", &v1::TimeSpent::write_ms, "writing the output",
             "It is the file system of the output.",
             "See how the file system of the output fares on that host."},
    TimePart{"time_framework_us", &v1::TimeSpent::other_ms, "the framework itself",
             "Tasks are very short: larger splits would help.",
             "See what else that host is doing."},
    TimePart{"time_sample_us", nullptr, "sampling keys", "It is needed for a total order."},
};

std::uint64_t TimeOf(const v1::JobFacts& facts, std::string_view name) {
  for (const v1::Counter& counter : facts.times()) {
    if (counter.name() == name) return counter.value();
  }
  return 0;
}

}  // namespace

std::pair<const TimePart*, double> MainPart(const v1::TimeSpent& spent) {
  const auto ms_of = [&](const TimePart& part) {
    return part.ms == nullptr ? 0 : (spent.*part.ms)();
  };
  std::uint64_t sum = 0;
  for (const TimePart& part : kParts) sum += ms_of(part);
  if (sum == 0) return {nullptr, 0};
  const TimePart& most = *std::ranges::max_element(kParts, {}, ms_of);
  return {&most, static_cast<double>(ms_of(most)) / static_cast<double>(sum)};
}

void ExplainTimes(const v1::JobFacts& facts, std::vector<Finding>* findings) {
  std::uint64_t sum = 0;
  for (const TimePart& part : kParts) sum += TimeOf(facts, part.counter);
  if (sum == 0) return;
  const TimePart& most = *std::ranges::max_element(
      kParts, {}, [&](const TimePart& part) { return TimeOf(facts, part.counter); });
  const std::uint64_t us = TimeOf(facts, most.counter);
  std::string text =
      fmt::format("Of the {} that its finished tasks took together, {:.0f} % went into {}.",
                  FormatDuration(static_cast<DurationMs>(sum / 1'000)),
                  100 * static_cast<double>(us) / static_cast<double>(sum), most.what);
  if (facts.status().state() == v1::JOB_STATE_SUCCEEDED) {
    std::uint32_t longest = 0;
    std::uint64_t longest_ms = 0;
    for (int i = 0; i < facts.stages_size(); ++i) {
      const v1::StageFacts& stage = facts.stages(i);
      const std::uint64_t span =
          stage.last_end_ms() - std::min(stage.first_start_ms(), stage.last_end_ms());
      if (span <= longest_ms) continue;
      longest = static_cast<std::uint32_t>(i);
      longest_ms = span;
    }
    if (longest_ms > 0 && facts.stages_size() > 1) {
      text += fmt::format(" Of its stages, {} took longest: {}.", NameOfStage(facts, longest),
                          FormatDuration(static_cast<DurationMs>(longest_ms)));
    }
  }
  findings->push_back({20, "time", std::move(text), std::string(most.remedy)});
}

}  // namespace gristmill::cli
