#include "cli/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace gristmill::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<v1::Counter> CountersOf(
    const std::vector<std::pair<std::string, std::uint64_t>>& values) {
  std::vector<v1::Counter> counters;
  for (const auto& [name, value] : values) {
    counters.emplace_back().set_name(name);
    counters.back().set_value(value);
  }
  return counters;
}

TEST(RenderProfile, TellsTimeSharesVolumesAndRatesOfStagesThatTookAny) {
  EXPECT_EQ(RenderProfile(CountersOf({{"combine_output_pairs", 1'000},
                                      {"input_bytes", 64 << 20},
                                      {"input_records", 500'000},
                                      {"map_output_pairs", 4'000'000},
                                      {"time_framework_us", 500},
                                      {"time_map_us", 1'500'000},
                                      {"time_read_us", 250'000},
                                      {"time_sort_us", 100'000}}),
                          2, 1'000),
            "Where 2 threads spent 1.0 s, and how fast one of them was:\n"
            "STAGE         TIME   SHARE   BYTES  RECORDS    BYTES/S    RECORDS/S\n"
            "read       0.250 s  12.5 %  64 MiB  500,000  256 MiB/s  2,000,000/s\n"
            "map        1.500 s  75.0 %  64 MiB  500,000   43 MiB/s    333,333/s\n"
            "sort       0.100 s   5.0 %            1,000                10,000/s\n"
            "framework  0.001 s   0.0 %\n"
            "idle       0.149 s   7.5 %\n");
}

TEST(RenderProfile, TakesWhatCombineFoldsOutOfTheLoopThatMaps) {
  const std::string text = RenderProfile(
      CountersOf(
          {{"map_output_pairs", 10}, {"time_combine_us", 400'000}, {"time_map_us", 900'000}}),
      1, 1'000);
  EXPECT_THAT(text, HasSubstr("map      0.500 s"));
  EXPECT_THAT(text, HasSubstr("combine  0.400 s"));
}

TEST(RenderProfile, HasNoIdleTimeWhereTasksTookMoreThanTheSlotsThatAreLeft) {
  const std::string text = RenderProfile(CountersOf({{"time_map_us", 3'000'000}}), 1, 1'000);
  EXPECT_THAT(text, HasSubstr("100.0 %"));
  EXPECT_THAT(text, Not(HasSubstr("idle")));
}

TEST(RenderProfile, OfAJobWithoutTasksIsAllIdle) {
  EXPECT_THAT(RenderProfile({}, 4, 20), HasSubstr("idle   0.080 s  100.0 %"));
}

}  // namespace
}  // namespace gristmill::cli
