// What the classes of a join must look like, as sentences that the compiler prints.
#pragma once

#include <concepts>
#include <span>
#include <string_view>

#include "gristmill/job_concepts.h"
#include "gristmill/job_traits.h"
#include "gristmill/join_types.h"

namespace gristmill::internal {

template <typename J>
concept JoinReducesRight = requires(J& job, View<typename J::Left::Key> key, LeftValues<J>& left,
                                    std::span<const typename J::Right::Value> right,
                                    Output<J>& out) {
  job.Reduce(key, left, right, out);
};

template <typename J>
concept SaysBroadcast = requires(const J& job) {
  { job.Broadcast() } -> std::same_as<bool>;
};

template <typename J>
concept HasBroadcast = requires(J& job) {
  job.Broadcast();
};

// As CheckJob, for the class of a side.
template <typename S>
consteval bool CheckSide() {
  constexpr bool kNamed = requires {
    { S::kName } -> std::convertible_to<std::string_view>;
  };
  static_assert(kNamed,
                "Gristmill job: a side of a join declares `static constexpr std::string_view "
                "kName`, the name of its input");
  constexpr bool kPlain = kMapOnly<S> && !kDeclaresPartition<S> && !kDeclareskTotalOrder<S>;
  static_assert(kPlain,
                "Gristmill job: a side of a join has no Combine, Reduce, Partition or kTotalOrder");
  if constexpr (kNamed && kPlain) return CheckMap<S>() && CheckEdges<S>();
  return false;
}

template <typename J>
consteval bool CheckJoin() {
  constexpr bool kJoins = requires {
    typename J::Left;
    typename J::Right;
    J::kJoin;
  };
  static_assert(kJoins,
                "Gristmill job: a join derives from gristmill::InnerJoin, LeftJoin, SemiJoin or "
                "JoinOf");
  if constexpr (kJoins) {
    constexpr bool kTwo = !std::same_as<typename J::Left, typename J::Right> &&
                          std::string_view(J::Left::kName) != std::string_view(J::Right::kName);
    static_assert(kTwo,
                  "Gristmill job: the sides of a join are two classes with kNames of their own");
    constexpr bool kOwn = J::kJoin != JoinKind::kOwn || JoinReducesRight<J>;
    static_assert(kOwn,
                  "Gristmill job: Reduce of a join must be callable as Reduce(View<Key>, "
                  "LeftValues<Job>&, std::span<const RightValue>, Output<Job>&)");
    constexpr bool kReady = J::kJoin == JoinKind::kOwn || !kDeclaresReduce<J>;
    static_assert(kReady, "Gristmill job: a join with a Reduce of its own derives from JoinOf");
    constexpr bool kNoTearDown = !kDeclaresTearDown<J>;
    static_assert(kNoTearDown,
                  "Gristmill job: a join has no TearDown, since its tasks map one side or reduce "
                  "both; give one to the side that needs it");
    constexpr bool kBroadcast = !HasBroadcast<J> || SaysBroadcast<J>;
    static_assert(kBroadcast,
                  "Gristmill job: Broadcast must be callable as bool Broadcast() const");
    constexpr bool kFormat = !kDeclaresFormat<J> || HasFormat<J>;
    static_assert(kFormat, "Gristmill job: Format must be callable as OutputFormat Format() const");
    if constexpr (kTwo && kOwn && kReady && kNoTearDown && kBroadcast && kFormat &&
                  CheckEdges<J>()) {
      return CheckShape<J>() && CheckSide<typename J::Left>() && CheckSide<typename J::Right>();
    }
  }
  return false;
}

}  // namespace gristmill::internal
