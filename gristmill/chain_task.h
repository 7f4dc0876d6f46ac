// Runs one task of a chain: a head that reads, maps that it feeds pair by pair, and a tail that
// writes. All of it is compiled into one loop; nothing between head and tail is stored.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/chain_heads.h"
#include "gristmill/chain_tails.h"
#include "gristmill/emitter.h"
#include "gristmill/record_writer.h"
#include "gristmill/scratch_memory.h"
#include "gristmill/step_task.h"
#include "gristmill/task.h"

namespace gristmill::internal {

// The maps between, each handing on to the next.
template <typename Tail, typename... Maps>
class Pipe;

template <typename Tail>
class Pipe<Tail> {
 public:
  Pipe(StageParts&, Tail& tail) : tail_(tail) {}
  template <typename K, typename V>
  void Add(K&& key, V&& value) {
    tail_.Add(std::forward<K>(key), std::forward<V>(value));
  }
  void SetUp() { tail_.SetUp(); }
  void Finish() {
    tail_.TearDown();
    tail_.Finish();
  }

 private:
  Tail& tail_;
};

template <typename Tail, typename J, typename... Rest>
class Pipe<Tail, J, Rest...> {
 public:
  using Key = typename J::Key;
  using Value = typename J::Value;

  Pipe(StageParts& parts, Tail& tail)
      : step_(parts),
        rest_(parts, tail),
        writer_(NextOf<Key, Value>(rest_)),
        emitter_(writer_, step_.context()) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  template <typename K, typename V>
  void Add(K&& key, V&& value) {
    step_.job().Map(key, value, emitter_);
  }
  void SetUp() {
    step_.SetUp();
    rest_.SetUp();
  }
  void Finish() {
    if constexpr (EndsMap<J>) step_.job().TearDown(emitter_);
    step_.Done();
    rest_.Finish();
  }

 private:
  StepTask<J> step_;
  Pipe<Tail, Rest...> rest_;
  RecordWriter<Key, Value> writer_;
  Emitter<J> emitter_;
};

template <typename Head, typename Tail, typename... Maps>
class StageTask final : public TaskRunner {
 public:
  StageTask(const ParamMap& params, const TaskInfo& info) : params_(params), info_(info) {}

  void RunMap(InputSource& input, RunSink& runs) override { Run(input, runs); }
  void RunMapOnly(InputSource& input, OutputSink& output) override { Run(input, output); }
  void RunReduce(PairSource& pairs, OutputSink& output) override { Run(pairs, output); }
  void RunReduceToRuns(PairSource& pairs, RunSink& runs) override { Run(pairs, runs); }
  std::string RunSample(InputSource&, std::uint64_t) override { throw Wrong(); }
  std::string TakeResult(std::uint64_t) override { return std::move(result_); }

  // Steps may count the same names.
  std::vector<CounterValue> counters() const override {
    std::map<std::string, std::uint64_t> sums;
    for (const CounterValue& counter : parts_.counters) sums[counter.name] += counter.value;
    std::vector<CounterValue> values;
    for (const auto& [name, value] : sums) values.push_back({name, value});
    return values;
  }

 private:
  static TaskError Wrong() {
    return TaskError(
        "a chain was given a task that it does not have; check that all workers run the "
        "same binary");
  }

  template <typename Source, typename Sink>
  void Run(Source& source, Sink& sink) {
    if constexpr (std::same_as<Source, typename Head::Source> &&
                  std::constructible_from<Tail, StageParts&, Sink&>) {
      ScratchCache::OfThisThread().Trim(info_.memory_bytes);
      Tail tail(parts_, sink);
      Pipe<Tail, Maps...> pipe(parts_, tail);
      Head head(parts_);
      head.Run(source, pipe, tail);
      if constexpr (requires { tail.TakeState(); }) {
        result_ = tail.TakeState();
      } else {
        result_ = head.TakeResult();
      }
    } else {
      throw Wrong();
    }
  }

  const ParamMap params_;
  const TaskInfo info_;
  StageParts parts_{params_, info_, std::same_as<typename Head::Source, PairSource>};
  std::string result_;
};

}  // namespace gristmill::internal
