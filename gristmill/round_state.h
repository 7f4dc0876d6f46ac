// What one round of an iteration leaves to the next, and whether there is anything left to do.
#pragma once

#include <algorithm>
#include <concepts>
#include <string>
#include <vector>

#include "gristmill/chain_concepts.h"
#include "gristmill/codec.h"
#include "gristmill/pair_codec.h"
#include "gristmill/task.h"

namespace gristmill::internal {

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
  const StateOf<J> last = rounds.empty() ? StateOf<J>() : DecodeState<J>(*rounds.back());
  if (rounds.size() > 1) {
    if (*rounds.front() == *rounds.back()) return false;
    if constexpr (requires(const StateOf<J>& s) {
                    { job.Converged(s, s) } -> std::same_as<bool>;
                  }) {
      if (job.Converged(DecodeState<J>(*rounds.front()), last)) return false;
    }
  }
  job.Begin(last);
  return true;
}

}  // namespace gristmill::internal
