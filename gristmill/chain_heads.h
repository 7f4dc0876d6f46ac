// What a task of a chain reads, and the step that reads it: a split, or a partition; both also in
// the rounds of an iteration.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/chain_concepts.h"
#include "gristmill/heap_bytes.h"
#include "gristmill/pair_codec.h"
#include "gristmill/record_writer.h"
#include "gristmill/round_state.h"
#include "gristmill/step_task.h"
#include "gristmill/task.h"
#include "gristmill/task_cache.h"

namespace gristmill::internal {

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
      for (const std::string& result : *parts_.info.broadcasts.at(0)) {
        summaries.push_back(Summary(DecodeValue<Summary>(result)));
      }
      step_.job().Begin(summaries);
    }
    return true;
  }
  // What the round before left in this partition is what this one leaves.
  template <typename Next>
  void PassOn(Next& next) {
    const auto& last = *parts_.info.broadcasts.back();
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

}  // namespace gristmill::internal
