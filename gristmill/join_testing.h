// Tests of a join (join.h) without a cluster: the records of both sides in, pairs out.
//
//   gristmill::JoinTester<OrdersWithNames> tester;
//   EXPECT_THAT(tester.Run({"1 12.50"}, {"1 Ada"}), ElementsAre(Pair("1", Pair(12.5, "Ada"))));
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/codec.h"
#include "gristmill/join.h"
#include "gristmill/memory_stages.h"
#include "gristmill/pair_codec.h"

namespace gristmill {

// Not thread-safe. Throws TaskError with the join's sentence if it refuses its parameters or the
// records.
template <typename J>
class JoinTester {
 public:
  using OutputPair = std::pair<OutputKey<J>, OutputValue<J>>;
  using Records = MemoryStages::Records;

  JoinTester() : JoinTester(ParamMap()) {}
  JoinTester(std::initializer_list<ParamMap::value_type> params) : JoinTester(ParamMap(params)) {}
  explicit JoinTester(ParamMap params) : stages_(MakeJoinInfo<J>(), std::move(params)) {}

  void set_directory(std::string directory) { stages_.set_directory(std::move(directory)); }
  // So many map tasks share the records of each side, 2 unless said otherwise.
  void set_map_tasks(std::size_t tasks) { stages_.set_map_tasks(tasks); }
  // What a task may take, and with Broadcast the table of the right side; 64 MiB unless said
  // otherwise.
  void set_memory_bytes(std::uint64_t bytes) { stages_.set_memory_bytes(bytes); }

  // The join's output: with a shuffle in the order of the keys, with Broadcast in that of `left`.
  std::vector<OutputPair> Run(const Records& left, const Records& right) {
    const std::string bytes =
        stages_.Run({{std::string(J::Left::kName), left}, {std::string(J::Right::kName), right}},
                    OutputFormat::kRecordFile);
    std::vector<OutputPair> pairs;
    const char* p = bytes.data();
    for (EncodedPair pair; p != bytes.data() + bytes.size();) {
      p = GetPair(p, bytes.data() + bytes.size(), &pair);
      if (p == nullptr) throw TaskError("the join's output is damaged");
      pairs.emplace_back(OutputKey<J>(DecodeKey<OutputKey<J>>(pair.key_view())),
                         OutputValue<J>(DecodeValue<OutputValue<J>>(pair.value_view())));
    }
    return pairs;
  }

  // Of the last run, by name.
  const std::map<std::string, std::uint64_t>& counters() const { return stages_.counters(); }

 private:
  MemoryStages stages_;
};

}  // namespace gristmill
