// Where the pairs of a chain's task end: in sorted runs, in the output, in the task's result.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "gristmill/emitter.h"
#include "gristmill/job_concepts.h"
#include "gristmill/pair_codec.h"
#include "gristmill/record_writer.h"
#include "gristmill/step_task.h"
#include "gristmill/task.h"

namespace gristmill::internal {

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

}  // namespace gristmill::internal
