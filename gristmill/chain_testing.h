// Tests of a chain (chain.h) without a cluster: records in, by input, pairs out.
//
//   gristmill::ChainTester<TopWords> tester{{"top", "3"}};
//   EXPECT_THAT(tester.Run({"a b", "b"}), ElementsAre(Pair("b", 2), Pair("a", 1)));
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/chain.h"
#include "gristmill/codec.h"
#include "gristmill/memory_stages.h"
#include "gristmill/pair_codec.h"

namespace gristmill {

// Not thread-safe. Throws TaskError with the chain's sentence if it refuses its parameters or the
// records.
template <typename C>
class ChainTester {
 public:
  using Stages = internal::StagesOf<C>;
  using OutputPair = std::pair<typename Stages::OutputKey, typename Stages::OutputValue>;
  using Records = MemoryStages::Records;

  ChainTester() : ChainTester(ParamMap()) {}
  ChainTester(std::initializer_list<ParamMap::value_type> params) : ChainTester(ParamMap(params)) {}
  explicit ChainTester(ParamMap params) : stages_(MakeChainInfo<C>(), std::move(params)) {}

  void set_directory(std::string directory) { stages_.set_directory(std::move(directory)); }
  // So many map tasks share the records (2), so many partitions the keys (1): the result must not
  // depend on the former, and on the latter only in its order.
  void set_map_tasks(std::size_t tasks) { stages_.set_map_tasks(tasks); }
  void set_partitions(std::uint32_t partitions) { stages_.set_partitions(partitions); }

  // The output for these records of its only input; for those of each input, by name.
  std::vector<OutputPair> Run(const Records& records) {
    return RunInputs({{stages_.declared().inputs.front().name, records}});
  }
  std::vector<OutputPair> RunInputs(const std::map<std::string, Records>& inputs) {
    using Key = typename Stages::OutputKey;
    using Value = typename Stages::OutputValue;
    const std::string bytes = stages_.Run(inputs, OutputFormat::kRecordFile);
    std::vector<OutputPair> pairs;
    const char* p = bytes.data();
    for (EncodedPair pair; p != bytes.data() + bytes.size();) {
      p = GetPair(p, bytes.data() + bytes.size(), &pair);
      if (p == nullptr) throw TaskError("the chain's output is damaged");
      pairs.emplace_back(Key(DecodeKey<Key>(pair.key_view())),
                         Value(DecodeValue<Value>(pair.value_view())));
    }
    return pairs;
  }
  // The text of its files.
  std::string RunToText(const Records& records) {
    return stages_.Run({{stages_.declared().inputs.front().name, records}}, OutputFormat::kText);
  }

  // Of the last run, by name.
  const std::map<std::string, std::uint64_t>& counters() const { return stages_.counters(); }

 private:
  MemoryStages stages_;
};

}  // namespace gristmill
