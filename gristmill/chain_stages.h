// From the operations of a chain to its stages: which there are, and what a task of each runs.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "gristmill/chain_concepts.h"
#include "gristmill/chain_task.h"
#include "gristmill/job.h"
#include "gristmill/job_params.h"

namespace gristmill::internal {

enum class OpKind { kMap, kReduce, kRepeat, kIterate };

template <typename J>
struct MapOp {
  using Step = J;
  static constexpr OpKind kKind = OpKind::kMap;
};
template <typename J>
struct ReduceOp {
  using Step = J;
  static constexpr OpKind kKind = OpKind::kReduce;
};
template <typename J>
struct RepeatOp {
  using Step = J;
  static constexpr OpKind kKind = OpKind::kRepeat;
};
template <typename J>
struct IterateOp {
  using Step = J;
  static constexpr OpKind kKind = OpKind::kIterate;
};

struct NoOp {
  using Step = Input;
  static constexpr OpKind kKind = OpKind::kMap;
};
template <typename... Ops>
using LastOp = std::tuple_element_t<sizeof...(Ops), std::tuple<NoOp, Ops...>>;
template <typename... Ops>
using LastStep = typename LastOp<Ops...>::Step;

// Whether Before's pairs can be the first state of the iterated Step.
template <typename Before, typename Step, typename Op>
consteval bool StateFits() {
  if constexpr (std::same_as<Before, Input>) {
    return true;
  } else if constexpr (Op::kKind == OpKind::kMap) {
    return false;
  } else {
    return std::same_as<StateOf<Before>, StateOf<Step>>;
  }
}

template <typename... Ops>
class ChainStages {
  template <std::size_t I>
  using Op = std::tuple_element_t<I, std::tuple<Ops..., NoOp>>;

 public:
  static constexpr std::size_t kSize = sizeof...(Ops);
  using Last = LastStep<Ops...>;
  using OutputKey = typename PairsOf<Last>::Key;
  using OutputValue = typename PairsOf<Last>::Value;
  using Times = std::vector<std::uint64_t>;

  // Of the chain's class and all its steps.
  template <typename C>
  static SharedParams ParamsWith() {
    return ParamsOfAll<C, typename Ops::Step...>();
  }
  template <typename C>
  static std::string CheckParams(const ParamMap& params) {
    return CheckParamsOfAll<C, typename Ops::Step...>(params);
  }
  static std::string CheckTimes(std::string_view chain, const Times& times) {
    std::uint64_t stages = 0;
    for (const std::uint64_t count : times) {
      if (count == 0) {
        return "job '" + std::string(chain) +
               "' repeats a step 0 times; ask for one round at least";
      }
      stages = std::max(stages, count);
    }
    if (stages <= kRoundsMax) return "";
    return "job '" + std::string(chain) + "' repeats a step " + std::to_string(stages) +
           " times; ask for at most " + std::to_string(kRoundsMax) + " rounds";
  }

  static JobDeclaration Declare(const ParamMap& params, const Times& times) {
    JobDeclaration declared;
    declared.inputs.front().spec = InputSpecOf(params);
    declared.stages.clear();
    for (const Role& role : Roles(times)) AddStage(role, declared.stages);
    declared.caches = (CachesOf<Ops>() || ...);
    return declared;
  }

  static std::unique_ptr<TaskRunner> MakeTask(const ParamMap& params, const TaskInfo& info,
                                              const Times& times) {
    const std::vector<Role> roles = Roles(times);
    if (info.stage >= roles.size()) {
      throw TaskError(
          "the chain was given a task of a stage that it does not have; check that all "
          "workers run the same binary");
    }
    return MakeFrom<0>(roles[info.stage], params, info);
  }

 private:
  static constexpr std::uint64_t kRoundsMax = 400;  // of two stages: the limit of a job is 1,000
  static constexpr std::size_t kRead = kSize;       // in place of an operation

  enum class Ending { kNext, kAgain, kState };
  // What the tasks of a stage do.
  struct Role {
    std::size_t head =
        kRead;  // the operation whose reduce they begin with, or whose round they map
    Ending ending = Ending::kNext;
    bool maps_round = false;
    std::uint64_t round = 0;  // from 0
    bool repeated = false;
  };

  // The next operation with a shuffle; kSize if there is none.
  template <std::size_t I>
  static consteval std::size_t NextShuffle() {
    if constexpr (I >= kSize) {
      return kSize;
    } else if constexpr (Op<I>::kKind != OpKind::kMap) {
      return I;
    } else {
      return NextShuffle<I + 1>();
    }
  }
  // By which the pairs behind the operation before I go on.
  template <std::size_t I>
  static consteval Ending EndingAt() {
    constexpr std::size_t kNext = NextShuffle<I>();
    return Op<kNext>::kKind == OpKind::kIterate ? Ending::kState : Ending::kNext;
  }

  static std::vector<Role> Roles(const Times& times) {
    std::vector<Role> roles;
    if constexpr (Op<0>::kKind != OpKind::kIterate) roles.push_back({});
    [&]<std::size_t... I>(std::index_sequence<I...>) { (AddRoles<I>(times[I], roles), ...); }
    (std::make_index_sequence<kSize>());
    return roles;
  }
  template <std::size_t I>
  static void AddRoles(std::uint64_t times, std::vector<Role>& roles) {
    constexpr OpKind kKind = Op<I>::kKind;
    if constexpr (kKind == OpKind::kMap) return;
    for (std::uint64_t round = 0; round < times; ++round) {
      const bool last = round + 1 == times;
      Role role{.head = I, .round = round, .repeated = kKind != OpKind::kReduce};
      if constexpr (kKind == OpKind::kIterate) {
        role.maps_round = true;
        roles.push_back(role);
        role.maps_round = false;
      }
      role.ending = last                        ? EndingAt<I + 1>()
                    : kKind == OpKind::kIterate ? Ending::kState
                                                : Ending::kAgain;
      roles.push_back(role);
    }
  }

  // --- Declared stages ---

  static void AddStage(const Role& role, std::vector<StageDeclaration>& stages) {
    if (role.head == kRead) {
      stages.push_back({.kind = StageKind::kMap, .one_task_per_split = ReadsWholeSplits()});
      return;
    }
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((I == role.head ? AddStageOf<I>(role, stages) : void()), ...);
    }
    (std::make_index_sequence<kSize>());
  }

  template <std::size_t I>
  static void AddStageOf(const Role& role, std::vector<StageDeclaration>& stages) {
    using J = typename Op<I>::Step;
    if constexpr (Op<I>::kKind != OpKind::kMap) {
      const std::uint32_t before = static_cast<std::uint32_t>(stages.size()) - 1;
      StageDeclaration stage;
      if (role.maps_round) {
        stage.one_task_per_split = kIsOneTaskPerSplit<J> || MapsParsed<J>;
        AddStateEdges(role, I > 0, before, stage);
      } else {
        stage.kind = StageKind::kReduce;
        stage.name = std::string(J::kName);
        if (role.repeated) stage.name += "." + std::to_string(role.round + 1);
        stage.edges.push_back({before, ReadBy::kShuffle});
        if constexpr (Op<I>::kKind == OpKind::kIterate) {
          AddStateEdges(role, I > 0, before - 1, stage);
        } else if (role.round > 0 ? TakesSummaries<J, J>() : TakesSummaries<BeforeOp<I>, J>()) {
          stage.edges.push_back({before, ReadBy::kBroadcast});
        }
      }
      stages.push_back(std::move(stage));
    }
  }

  // `last` left the newest state that a round sees, two stages before the state before that.
  static void AddStateEdges(const Role& role, bool has_first, std::uint32_t last,
                            StageDeclaration& stage) {
    const std::uint64_t states = role.round + (has_first ? 1 : 0);
    if (states > 1) stage.edges.push_back({last - 2, ReadBy::kBroadcast});
    if (states > 0) stage.edges.push_back({last, ReadBy::kBroadcast});
  }

  // The operation with a shuffle before I; kSize if there is none.
  template <std::size_t I>
  static consteval std::size_t Previous() {
    if constexpr (I == 0) {
      return kSize;
    } else if constexpr (Op<I - 1>::kKind != OpKind::kMap) {
      return I - 1;
    } else {
      return Previous<I - 1>();
    }
  }

  // The step whose summaries that of operation I may get.
  template <std::size_t I>
  using BeforeOp = std::conditional_t<Op<Previous<I>()>::kKind == OpKind::kIterate, Input,
                                      typename Op<Previous<I>()>::Step>;

  static bool ReadsWholeSplits() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return ((I <= NextShuffle<0>() && kIsOneTaskPerSplit<typename Op<I>::Step>) || ...);
    }
    (std::make_index_sequence<kSize>());
  }

  // Of the first step, which reads it.
  static InputSpec InputSpecOf(const ParamMap& params) {
    using J = typename Op<0>::Step;
    J job;
    SetOwnParams(job, params);
    if constexpr (MapsParsed<J> && !kDeclaresInput<J>) {
      return {};
    } else {
      return InputOf(job);
    }
  }

  // --- Tasks ---

  template <std::size_t I>
  static std::unique_ptr<TaskRunner> MakeFrom(const Role& role, const ParamMap& params,
                                              const TaskInfo& info) {
    if constexpr (I == kSize) {
      if constexpr (Op<0>::kKind == OpKind::kIterate) {
        throw TaskError("the chain has no such stage");
      } else if constexpr (Op<0>::kKind == OpKind::kMap) {
        return MakeNext<RecordHead<typename Op<0>::Step>, 1>(params, info);
      } else {
        return std::make_unique<StageTask<FrontHead, FrontTail<typename Op<0>::Step>>>(params,
                                                                                       info);
      }
    } else {
      if (role.head != I) return MakeFrom<I + 1>(role, params, info);
      if constexpr (Op<I>::kKind == OpKind::kMap) {
        throw TaskError("the chain has no such stage");
      } else {
        return MakeHead<I>(role, params, info);
      }
    }
  }

  template <std::size_t I>
  static std::unique_ptr<TaskRunner> MakeHead(const Role& role, const ParamMap& params,
                                              const TaskInfo& info) {
    using J = typename Op<I>::Step;
    using Before = BeforeOp<I>;
    using State = StateTail<typename PairsOf<J>::Key, typename PairsOf<J>::Value>;
    if constexpr (Op<I>::kKind == OpKind::kIterate) {
      using Head = GroupHead<J, Input, /*kInRound=*/true>;
      if (role.maps_round) {
        return std::make_unique<StageTask<RoundHead<J>, FrontTail<J>>>(params, info);
      }
      if (role.ending == Ending::kState) {
        return std::make_unique<StageTask<Head, State>>(params, info);
      }
      return MakeNext<Head, I + 1>(params, info);
    } else if constexpr (Op<I>::kKind == OpKind::kRepeat) {
      if (role.round > 0) return MakeReduce<GroupHead<J, J>, I>(role, params, info);
      return MakeReduce<GroupHead<J, Before>, I>(role, params, info);
    } else {
      return MakeReduce<GroupHead<J, Before>, I>(role, params, info);
    }
  }

  template <typename Head, std::size_t I>
  static std::unique_ptr<TaskRunner> MakeReduce(const Role& role, const ParamMap& params,
                                                const TaskInfo& info) {
    if constexpr (Op<I>::kKind == OpKind::kRepeat) {
      if (role.ending == Ending::kAgain) {
        return std::make_unique<StageTask<Head, FrontTail<typename Op<I>::Step>>>(params, info);
      }
    }
    return MakeNext<Head, I + 1>(params, info);
  }

  // The maps from operation I on, and what ends them.
  template <typename Head, std::size_t I>
  static std::unique_ptr<TaskRunner> MakeNext(const ParamMap& params, const TaskInfo& info) {
    constexpr std::size_t kNext = NextShuffle<I>();
    if constexpr (kNext == kSize) {
      return MakeStage<Head, OutputTail<OutputKey, OutputValue>, I>(
          params, info, std::make_index_sequence<kNext - I>());
    } else if constexpr (Op<kNext>::kKind == OpKind::kIterate) {
      using J = typename Op<kNext>::Step;
      return MakeStage<Head, StateTail<typename PairsOf<J>::Key, typename PairsOf<J>::Value>, I>(
          params, info, std::make_index_sequence<kNext - I>());
    } else {
      return MakeStage<Head, FrontTail<typename Op<kNext>::Step>, I>(
          params, info, std::make_index_sequence<kNext - I>());
    }
  }
  template <typename Head, typename Tail, std::size_t I, std::size_t... M>
  static std::unique_ptr<TaskRunner> MakeStage(const ParamMap& params, const TaskInfo& info,
                                               std::index_sequence<M...>) {
    return std::make_unique<StageTask<Head, Tail, typename Op<I + M>::Step...>>(params, info);
  }

  template <typename O>
  static constexpr bool CachesOf() {
    if constexpr (O::kKind == OpKind::kIterate) {
      if (MapsParsed<typename O::Step>) return true;
    }
    return Caches<typename O::Step>();
  }
};

}  // namespace gristmill::internal
