#include "cli/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/units.h"
#include "cli/table.h"

namespace gristmill::cli {
namespace {

// By the name of a counter; zero if the job has none of it.
class CounterTable {
 public:
  explicit CounterTable(const std::vector<v1::Counter>& counters) : counters_(counters) {}

  std::uint64_t operator[](std::string_view name) const {
    const auto found = std::find_if(counters_.begin(), counters_.end(),
                                    [name](const v1::Counter& c) { return c.name() == name; });
    return found == counters_.end() ? 0 : found->value();
  }

 private:
  const std::vector<v1::Counter>& counters_;
};

struct ProfileRow {
  std::string_view stage;
  std::uint64_t us = 0;
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
};

// In the order in which data passes through them.
std::vector<ProfileRow> RowsOf(const CounterTable& counters) {
  const std::uint64_t mapped = counters["map_output_pairs"];
  const std::uint64_t combined = counters["combine_output_pairs"];
  const std::uint64_t shuffled = combined > 0 ? combined : mapped;
  // Folding is a part of the loop over records, which is one measurement.
  const std::uint64_t combine_us = std::min(counters["time_combine_us"], counters["time_map_us"]);
  const std::uint64_t merge_scratch_bytes = counters["merge_scratch_bytes"];
  return {
      {"sample", counters["time_sample_us"], 0, 0},
      {"read", counters["time_read_us"], counters["input_bytes"], counters["input_records"]},
      {"map", counters["time_map_us"] - combine_us, counters["input_bytes"],
       counters["input_records"]},
      {"combine", combine_us, 0, mapped},
      {"sort", counters["time_sort_us"], 0, shuffled},
      {"spill", counters["time_spill_us"], counters["spilled_bytes"] - merge_scratch_bytes,
       shuffled},
      {"fetch", counters["time_fetch_us"], counters["shuffle_bytes"], 0},
      {"merge", counters["time_merge_us"], counters["shuffle_bytes"] + merge_scratch_bytes,
       shuffled},
      {"reduce", counters["time_reduce_us"], 0, shuffled},
      {"write", counters["time_write_us"], counters["output_bytes"], counters["output_records"]},
      {"framework", counters["time_framework_us"], 0, 0},
  };
}

std::string Seconds(std::uint64_t us) {
  return fmt::format("{:.3f} s", static_cast<double>(us) / 1e6);
}

std::string Share(std::uint64_t us, std::uint64_t whole_us) {
  const double share = 100 * static_cast<double>(us) / static_cast<double>(whole_us);
  return fmt::format("{:.1f} %", share);
}

// Below a millisecond a rate says nothing.
std::string PerSecond(std::uint64_t amount, std::uint64_t us, bool bytes) {
  if (amount == 0 || us < 1'000) return "";
  const auto rate =
      static_cast<std::uint64_t>(static_cast<double>(amount) * 1e6 / static_cast<double>(us));
  return (bytes ? FormatBytes(rate) : GroupDigits(rate)) + "/s";
}

}  // namespace

std::string RenderProfile(const std::vector<v1::Counter>& counters, std::uint32_t slots,
                          DurationMs elapsed_ms) {
  std::vector<ProfileRow> rows = RowsOf(CounterTable(counters));
  std::uint64_t busy_us = 0;
  for (const ProfileRow& row : rows) busy_us += row.us;
  const std::uint64_t whole_us =
      std::max({std::uint64_t{slots} * static_cast<std::uint64_t>(elapsed_ms) * 1'000, busy_us,
                std::uint64_t{1}});
  rows.push_back({"idle", whole_us - busy_us, 0, 0});

  Table table({"STAGE", ">TIME", ">SHARE", ">BYTES", ">RECORDS", ">BYTES/S", ">RECORDS/S"});
  for (const ProfileRow& row : rows) {
    if (row.us == 0) continue;
    table.AddRow({std::string(row.stage), Seconds(row.us), Share(row.us, whole_us),
                  row.bytes > 0 ? FormatBytes(row.bytes) : "",
                  row.records > 0 ? GroupDigits(row.records) : "",
                  PerSecond(row.bytes, row.us, true), PerSecond(row.records, row.us, false)});
  }
  return fmt::format("Where {} spent {}, and how fast one of them was:\n{}",
                     slots == 1 ? "a thread" : fmt::format("{} threads", slots),
                     FormatDuration(elapsed_ms), table.Render());
}

}  // namespace gristmill::cli
