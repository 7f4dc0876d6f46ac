// Runs one task of a chain: a head that reads, maps that it feeds pair by pair, and a tail that
// writes. All of it is compiled into one loop; nothing between head and tail is stored.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "gristmill/chain_concepts.h"
#include "gristmill/chain_params.h"
#include "gristmill/heap_bytes.h"
#include "gristmill/pair_codec.h"
#include "gristmill/record_writer.h"
#include "gristmill/scratch_memory.h"
#include "gristmill/task.h"
#include "gristmill/task_cache.h"
#include "gristmill/typed_task.h"

namespace gristmill::internal {

// What all parts of a task share.
struct StageParts {
  const ParamMap& params;
  const TaskInfo& info;
  bool reduces = false;  // what it reads is no split, which might be cut
  std::vector<CounterValue> counters = {};

  void Count(const std::vector<CounterValue>& more) {
    counters.insert(counters.end(), more.begin(), more.end());
  }
};

// One step's object with what it needs to run.
template <typename J>
class StepTask {
 public:
  explicit StepTask(StageParts& parts)
      : parts_(parts), task_(ParamsOfStep<J>(parts.params), parts.info) {
    if (parts.reduces || kIsOneTaskPerSplit<J>) task_.SeedRandom(TypedTask<J>::Phase::kMap);
  }

  TypedTask<J>* operator->() { return &task_; }
  J& job() { return task_.job(); }
  TaskContext& context() { return task_.context(); }
  void SetUp() {
    if constexpr (kDeclaresSetup<J>) job().Setup(context());
  }
  // Its counters are the task's now.
  void Done() { parts_.Count(task_.counters()); }

 private:
  StageParts& parts_;
  TypedTask<J> task_;
};

// --- Tails: where the pairs end ----------------------------------------------------------------

// In sorted runs for the step that reduces them.
template <typename J>
class FrontTail {
 public:
  using Key = typename J::Key;
  using Value = typename J::Value;

  FrontTail(StageParts& parts, RunSink& runs)
      : step_(parts),
        collector_(step_.job(), parts.info, runs),
        emitter_(collector_, step_.context()) {}

  StepTask<J>& step() { return step_; }
  Emitter<J>& emitter() { return emitter_; }
  typename Emitter<J>::Collector& collector() { return collector_; }

  template <typename K, typename V>
  void Add(K&& key, V&& value) {
    if constexpr (requires { step_.job().Map(key, value, emitter_); }) {
      step_.job().Map(key, value, emitter_);
    } else {
      collector_.Add(key, value);
    }
  }
  // Unless it reads the input itself, then that is done where the input is read.
  void SetUp() { step_.SetUp(); }
  void TearDown() {
    if constexpr (EndsMap<J>) step_.job().TearDown(emitter_);
  }
  void Finish() {
    collector_.Finish();
    step_->CountPairs(collector_);
    step_.Done();
  }

 private:
  StepTask<J> step_;
  typename Emitter<J>::Collector collector_;
  Emitter<J> emitter_;
};

// In the job's output.
template <typename K, typename V>
class OutputTail {
 public:
  OutputTail(StageParts& parts, OutputSink& output)
      : parts_(parts), writer_(parts.info.output_format, output) {}

  void Add(View<K> key, View<V> value) { writer_.Add(key, value); }
  void SetUp() {}
  void TearDown() {}
  void Finish() {
    writer_.Finish();
    parts_.Count({{"output_records", writer_.records()}});
  }

 private:
  StageParts& parts_;
  RecordWriter<K, V> writer_;
};

// In the task's result: the state of an iteration, or a part of it.
template <typename K, typename V>
class StateTail {
 public:
  StateTail(StageParts&, RunSink&) {}

  void Add(View<K> key, View<V> value) {
    AppendPair(&state_, keys_.Encode(key), values_.Encode(value));
    if (state_.size() > kStateBytesMax) {
      throw TaskError(
          "the pairs that a round leaves to the next one take more than 64 KiB in one "
          "task; let it leave less, or shuffle them with Repeat");
    }
  }
  void SetUp() {}
  void TearDown() {}
  void Finish() {}
  std::string TakeState() { return std::move(state_); }

 private:
  static constexpr std::size_t kStateBytesMax = std::size_t{64} << 10;

  KeyEncoder<K> keys_;
  ValueEncoder<V> values_;
  std::string state_;
};

// --- The maps between ----------------------------------------------------------------------------

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

// Lets a step's emitter or output hand its pairs to what comes next.
template <typename K, typename V, typename Next>
typename RecordWriter<K, V>::Next NextOf(Next& next) {
  return {&next,
          [](void* to, View<K> key, View<V> value) { static_cast<Next*>(to)->Add(key, value); }};
}

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

// --- The state of an iteration -------------------------------------------------------------------

template <typename J>
StateOf<J> DecodeState(const std::vector<std::string>& results) {
  using Key = typename PairsOf<J>::Key;
  using Value = typename PairsOf<J>::Value;
  std::vector<EncodedPair> pairs;
  for (const std::string& result : results) {
    const char* p = result.data();
    for (EncodedPair pair; p != result.data() + result.size();) {
      p = GetPair(p, result.data() + result.size(), &pair);
      if (p == nullptr) throw TaskError("corrupt data: the state of a round is cut short");
      pairs.push_back(pair);
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const EncodedPair& a, const EncodedPair& b) {
    return a.key_view() < b.key_view();
  });
  StateOf<J> state;
  state.reserve(pairs.size());
  for (const EncodedPair& pair : pairs) {
    state.emplace_back(Key(DecodeKey<Key>(pair.key_view())),
                       Value(DecodeValue<Value>(pair.value_view())));
  }
  return state;
}

// Tells the step what the last round left. False if the rounds before have met the stop condition:
// then this one is to pass on what it got.
template <typename J>
bool BeginRound(J& job, const TaskInfo& info) {
  const auto& rounds = info.broadcasts;  // the one before the last, if there is one, and the last
  const StateOf<J> last = rounds.empty() ? StateOf<J>() : DecodeState<J>(rounds.back());
  if (rounds.size() > 1) {
    if (rounds.front() == rounds.back()) return false;
    if constexpr (requires(const StateOf<J>& s) {
                    { job.Converged(s, s) } -> std::same_as<bool>;
                  }) {
      if (job.Converged(DecodeState<J>(rounds.front()), last)) return false;
    }
  }
  job.Begin(last);
  return true;
}

// --- Heads: what is read -------------------------------------------------------------------------

// A split, by a step that only maps.
template <typename J>
class RecordHead {
 public:
  using Source = InputSource;
  explicit RecordHead(StageParts& parts) : step_(parts) {}

  template <typename Next, typename Tail>
  void Run(InputSource& input, Next& next, Tail&) {
    RecordWriter<typename J::Key, typename J::Value> writer(
        NextOf<typename J::Key, typename J::Value>(next));
    next.SetUp();
    step_->MapInto(input, writer);
    step_.Done();
    next.Finish();
  }
  std::string TakeResult() { return ""; }

 private:
  StepTask<J> step_;
};

// A split, by the step whose runs are the tail.
class FrontHead {
 public:
  using Source = InputSource;
  explicit FrontHead(StageParts&) {}

  template <typename Next, typename Tail>
  void Run(InputSource& input, Next&, Tail& tail) {
    tail.step()->MapInto(input, tail.collector());
    tail.Finish();
  }
  std::string TakeResult() { return ""; }
};

// The records of a split as the step's Parse made them, kept for the rounds to come if there is
// room.
template <typename J>
class ParsedInput {
 public:
  ParsedInput(const TaskInfo& info, StepTask<J>& step) : info_(info), step_(step) {}

  // Calls `use` with each. Returns how many there were.
  template <typename Use>
  std::uint64_t ForEach(InputSource& input, const Use& use) {
    // A record that is being looked for, or left out, is not to come from another attempt.
    TaskCache* const cache = info_.lines_one_by_one ? nullptr : info_.cache;
    const std::string name = std::string(J::kName) + '\0' + info_.input_path + '\0' +
                             std::to_string(info_.input_offset) + '+' +
                             std::to_string(info_.input_bytes);
    if (cache != nullptr) {
      if (const auto found = cache->Find<Records>(name)) {
        for (const auto& record : *found) use(record);
        step_.context().Count("cached_records", found->size());
        return found->size();
      }
    }
    return ParseEach(input, use, name, TaskCache::Claim(cache));
  }

 private:
  using Records = std::deque<typename J::Parsed>;

  template <typename Use>
  std::uint64_t ParseEach(InputSource& input, const Use& use, const std::string& name,
                          TaskCache::Claim&& room) {
    std::uint64_t count = 0;
    auto records = std::make_shared<Records>();
    step_->ForEachRecord(input, [&](std::string_view text) {
      typename J::Parsed record = step_.job().Parse(text);
      ++count;
      use(record);
      if (records != nullptr && room.Grow(BytesOf(record))) {
        records->push_back(std::move(record));
      } else {
        records.reset();
      }
    });
    // Code that saw this before the source did may have left something out.
    if (step_.context().cancelled()) throw TaskCancelled();
    if (records != nullptr) room.template Keep<Records>(name, std::move(records));
    return count;
  }

  const TaskInfo& info_;
  StepTask<J>& step_;
};

// A split in one round of an iteration.
template <typename J>
class RoundHead {
 public:
  using Source = InputSource;
  explicit RoundHead(StageParts& parts) : parts_(parts) {}

  template <typename Next, typename Tail>
  void Run(InputSource& input, Next&, Tail& tail) {
    J& job = tail.step().job();
    if (BeginRound(job, parts_.info)) {
      if constexpr (MapsParsed<J>) {
        tail.SetUp();
        const std::uint64_t records = ParsedInput<J>(parts_.info, tail.step())
                                          .ForEach(input, [&](const typename J::Parsed& record) {
                                            job.Map(record, tail.emitter());
                                          });
        tail.step().context().Count("input_records", records);
        tail.TearDown();
      } else {
        tail.step()->MapInto(input, tail.collector());
      }
    }
    tail.Finish();
  }
  std::string TakeResult() { return ""; }

 private:
  StageParts& parts_;
};

// A partition, by a step that reduces. `Before` is the step whose summaries it gets, or Input.
// In a round of an iteration it gets the state instead.
template <typename J, typename Before, bool kInRound = false>
class GroupHead {
 public:
  using Source = PairSource;
  using Key = typename PairsOf<J>::Key;
  using Value = typename PairsOf<J>::Value;
  explicit GroupHead(StageParts& parts) : parts_(parts), step_(parts) {}

  template <typename Next, typename Tail>
  void Run(PairSource& pairs, Next& next, Tail&) {
    RecordWriter<Key, Value> writer(NextOf<Key, Value>(next));
    next.SetUp();
    if (Begin()) {
      step_->ReduceInto(pairs, writer);
    } else {
      PassOn(next);
    }
    step_.Done();
    next.Finish();
  }
  std::string TakeResult() {
    std::string result;
    if constexpr (Summarises<J> && !kInRound) {
      AppendValue<typename J::Summary>(&result, step_.job().Summarise());
    }
    return result;
  }

 private:
  // False if there is nothing to do.
  bool Begin() {
    if constexpr (kInRound) {
      return BeginRound(step_.job(), parts_.info);
    } else if constexpr (TakesSummaries<Before, J>()) {
      using Summary = typename Before::Summary;
      std::vector<Summary> summaries;
      for (const std::string& result : parts_.info.broadcasts.at(0)) {
        summaries.push_back(Summary(DecodeValue<Summary>(result)));
      }
      step_.job().Begin(summaries);
    }
    return true;
  }
  // What the round before left in this partition is what this one leaves.
  template <typename Next>
  void PassOn(Next& next) {
    const auto& last = parts_.info.broadcasts.back();
    if (parts_.info.task >= last.size()) return;
    const std::string& part = last[parts_.info.task];
    const char* p = part.data();
    for (EncodedPair pair; p != part.data() + part.size();) {
      p = GetPair(p, part.data() + part.size(), &pair);
      if (p == nullptr) throw TaskError("corrupt data: the state of a round is cut short");
      const Decoded<Key> key = DecodeKey<Key>(pair.key_view());
      const Decoded<Value> value = DecodeValue<Value>(pair.value_view());
      next.Add(View<Key>(key), View<Value>(value));
    }
  }

  StageParts& parts_;
  StepTask<J> step_;
};

// --- The task ------------------------------------------------------------------------------------

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
