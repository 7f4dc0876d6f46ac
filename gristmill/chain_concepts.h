// What the steps of a chain must look like, as sentences that the compiler prints.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gristmill/job_concepts.h"
#include "gristmill/job_traits.h"
#include "gristmill/types.h"

namespace gristmill::internal {

// In place of the step before the first one.
struct Input {};

// Map of a later step: the pairs of the step before are its records.
template <typename J, typename Key, typename Value>
concept MapsPairs = requires(J& job, View<Key> key, View<Value> value, Emitter<J>& out) {
  job.Map(key, value, out);
};
template <typename J>
concept MapsInput = MapsText<J> || MapsLines<J> || MapsWholeFiles<J> || MapsRanges<J>;

// An iterated step may parse a record once and map what it became in every round.
template <typename J>
concept MapsParsed = requires(J& job, std::string_view record, const typename J::Parsed& parsed,
                              Emitter<J>& out) {
  { job.Parse(record) } -> std::same_as<typename J::Parsed>;
  job.Map(parsed, out);
};

template <typename J>
concept StepHasTypes = Encodable<typename J::Key> && Encodable<typename J::Value> &&
    Encodable<typename OutputKeyOf<J>::Type> && Encodable<typename OutputValueOf<J>::Type>;

// The pairs that a step emits.
template <typename J>
struct PairsOf {
  using Key = std::conditional_t<kMapOnly<J>, typename J::Key, typename OutputKeyOf<J>::Type>;
  using Value = std::conditional_t<kMapOnly<J>, typename J::Value, typename OutputValueOf<J>::Type>;
};
// What a round of an iteration leaves to the next one.
template <typename J>
using StateOf = std::vector<std::pair<typename PairsOf<J>::Key, typename PairsOf<J>::Value>>;

template <typename J>
concept Summarises = requires(const J& job) {
  { job.Summarise() } -> std::same_as<typename J::Summary>;
};
template <typename J, typename State>
concept BeginsWith = requires(J& job, const State& before) {
  job.Begin(before);
};

// Whether J gets the summaries of the step before it.
template <typename Before, typename J>
consteval bool TakesSummaries() {
  if constexpr (Summarises<Before>) {
    return BeginsWith<J, std::vector<typename Before::Summary>>;
  }
  return false;
}

template <typename J>
consteval bool CheckStep() {
  constexpr bool kPlain = std::is_class_v<J> && !std::is_final_v<J>;
  static_assert(kPlain, "Gristmill chain: a step is a class that is not final");
  if constexpr (kPlain) {
    constexpr bool kMade = std::default_initializable<J>;
    static_assert(kMade, "Gristmill chain: a step needs a public constructor without arguments");
    constexpr bool kNamed = requires {
      { J::kName } -> std::convertible_to<std::string_view>;
    };
    static_assert(
        kNamed,
        "Gristmill chain: a step declares public `static constexpr std::string_view kName`");
    constexpr bool kTyped = StepHasTypes<J>;
    static_assert(
        kTyped,
        "Gristmill chain: a step's Key, Value (and OutputKey, OutputValue) must be public "
        "types made of bool, integers, float, double, std::string, gristmill::None, and "
        "std::pair, std::tuple and std::vector of these");
    return kMade && kNamed && kTyped;
  }
  return false;
}

template <typename Before, typename Step>
consteval bool MapFits() {
  if constexpr (std::same_as<Before, Input>) {
    return MapsInput<Step>;
  } else {
    return MapsPairs<Step, typename PairsOf<Before>::Key, typename PairsOf<Before>::Value>;
  }
}

// Whether the pairs of the step before are those that are to be shuffled.
template <typename Before, typename Step>
consteval bool PassesOn() {
  if constexpr (std::same_as<Before, Input>) {
    return false;
  } else {
    return std::same_as<typename PairsOf<Before>::Key, typename Step::Key> &&
           std::same_as<typename PairsOf<Before>::Value, typename Step::Value>;
  }
}

// The compiler names both classes with the sentence.
template <typename Before, typename Step>
consteval bool CheckMapStep() {
  if constexpr (CheckStep<Step>()) {
    constexpr bool kOnlyMaps = kMapOnly<Step>;
    static_assert(kOnlyMaps,
                  "Gristmill chain: Map<Step>() takes a step without Combine and Reduce; use "
                  "Reduce<Step>(), which calls its Map, too");
    constexpr bool kFits = MapFits<Before, Step>();
    static_assert(kFits,
                  "Gristmill chain: Step does not take what Before emits: its Map must be callable "
                  "as Map(View<Key of Before>, View<Value of Before>, Emitter<Step>&), or, as the "
                  "first step, take a record of the input");
    return kOnlyMaps && kFits;
  }
  return false;
}

template <typename Before, typename Step>
consteval bool CheckReduceStep() {
  if constexpr (CheckStep<Step>()) {
    constexpr bool kReduces = !kMapOnly<Step>;
    static_assert(kReduces, "Gristmill chain: Reduce<Step>() takes a step with Combine or Reduce");
    constexpr bool kFits = MapFits<Before, Step>() || PassesOn<Before, Step>();
    static_assert(
        kFits,
        "Gristmill chain: Step does not take what Before emits: let it have a "
        "Map(View<Key of Before>, View<Value of Before>, Emitter<Step>&), or the same Key "
        "and Value");
    constexpr bool kHashed = !kIsTotalOrder<Step>;
    static_assert(kHashed,
                  "Gristmill chain: kTotalOrder samples the input of a job, so a chain can't have "
                  "it; sort in a job of its own");
    return kReduces && kFits && kHashed && CheckShuffle<Step>();
  }
  return false;
}

template <typename Before, typename Step>
consteval bool CheckRepeatStep() {
  if constexpr (CheckReduceStep<Before, Step>()) {
    constexpr bool kAgain = MapFits<Step, Step>() || PassesOn<Step, Step>();
    static_assert(
        kAgain,
        "Gristmill chain: Repeat<Step>() feeds the step with its own output, which it does "
        "not take: let OutputKey and OutputValue be what its Map takes, or its Key and "
        "Value");
    return kAgain;
  }
  return false;
}

template <typename Before, typename Step>
consteval bool CheckIterateStep() {
  if constexpr (CheckStep<Step>()) {
    constexpr bool kReduces = !kMapOnly<Step>;
    static_assert(kReduces, "Gristmill chain: Iterate<Step>() takes a step with Combine or Reduce");
    constexpr bool kMaps = MapsInput<Step> || MapsParsed<Step>;
    static_assert(kMaps,
                  "Gristmill chain: Iterate<Step>() maps the input anew in each round, so its Map "
                  "takes a record, or what its Parse makes of one");
    constexpr bool kBegins = BeginsWith<Step, StateOf<Step>>;
    static_assert(
        kBegins,
        "Gristmill chain: the step of Iterate<Step>() gets the pairs of the round before by "
        "Begin(const std::vector<std::pair<OutputKey, OutputValue>>&)");
    return kReduces && kMaps && kBegins;
  }
  return false;
}

}  // namespace gristmill::internal
