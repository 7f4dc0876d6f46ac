// Jobs of several steps in one submit: each step is a class as job.h wants it, the chain says how
// they follow each other.
//
//   class TopWords {
//    public:
//     static constexpr std::string_view kName = "topwords";
//     static constexpr std::string_view kSummary = "the most frequent words";
//     static auto Build() { return gristmill::Read().Reduce<Count>().Map<Turn>().Reduce<Top>(); }
//   };
//   GRISTMILL_CHAIN(TopWords);
//
// Read()          begins with the chain's input; Read("left") if it has a name (--input left=PATH).
// Map<Step>()     calls Step's Map. The first one takes records, as a job's does; later ones take
//                 the pairs of the step before: Map(View<Key>, View<Value>, Emitter<Step>&).
// Reduce<Step>()  calls Step's Map, if it has one that takes what comes before, shuffles, and folds
//                 with Step's Combine or calls its Reduce. Without a Map the pairs pass as they
//                 are.
// Repeat<Step>(n) is Reduce<Step>() n times, each on the pairs of the one before.
// Iterate<Step>(n) is n rounds at most that all read the input again. Each round begins with
//                 Step::Begin(pairs), in every task: the pairs that the round before left, sorted
//                 by key (in the first round those of the Reduce before, or none). Map takes a
//                 record, or what Step's Parse(record) makes of one as a Step::Parsed: these are
//                 kept in memory for the rounds to come as far as half of the job's memory goes.
//                 Once Step::Converged(before, after), of the pairs of two rounds one after the
//                 other, is true, or a round changes nothing, the rounds that are left do nothing.
//                 What a round leaves may take 64 KiB in each partition, less with very many
//                 partitions and rounds (docs/limits.md).
//
// Where map steps follow one another, they and what is before and after are one loop: the pairs
// between them are stored nowhere. Every Reduce begins a new stage of tasks.
//
// A step with `using Summary = T` and T Summarise() const is asked for it at the end of each of its
// reduce tasks. The Reduce or Repeat behind it gets all of them, in the order of the partitions, by
// Begin(const std::vector<T>&) before its own: sums over all keys, for example. 64 KiB each.
//
// Build is called with the chain's parameters set and need not be static: Repeat<Step>(rounds_).
// A chain's parameters are those that its class and its steps declare. Also of the chain's class,
// if wanted: kDetails, kPartitions, Declare, Validate, Format.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gristmill/chain_concepts.h"
#include "gristmill/chain_stages.h"
#include "gristmill/job.h"

namespace gristmill {

// Immutable: each call gives a longer chain.
template <typename... Ops>
class Chain {
 public:
  template <typename Step>
  auto Map() const {
    static_assert(internal::CheckMapStep<Before, Step>());
    return With<internal::MapOp<Step>>(1);
  }
  template <typename Step>
  auto Reduce() const {
    static_assert(internal::CheckReduceStep<Before, Step>());
    return With<internal::ReduceOp<Step>>(1);
  }
  template <typename Step>
  auto Repeat(std::uint64_t times) const {
    static_assert(internal::CheckRepeatStep<Before, Step>());
    return With<internal::RepeatOp<Step>>(times);
  }
  template <typename Step>
  auto Iterate(std::uint64_t rounds) const {
    static_assert(internal::CheckIterateStep<Before, Step>());
    static_assert(internal::StateFits<Before, Step, internal::LastOp<Ops...>>(),
                  "Gristmill chain: Iterate<Step>() comes right after Read(), or after a Reduce, "
                  "Repeat or Iterate that emits Step's OutputKey and OutputValue: its first state");
    return With<internal::IterateOp<Step>>(rounds);
  }

  // For the framework.
  using Stages = internal::ChainStages<Ops...>;
  using Before = internal::LastStep<Ops...>;
  Chain(std::string input, std::vector<std::uint64_t> times)
      : input_(std::move(input)), times_(std::move(times)) {}
  const std::string& input() const { return input_; }
  const std::vector<std::uint64_t>& times() const { return times_; }

 private:
  template <typename Op>
  Chain<Ops..., Op> With(std::uint64_t times) const {
    std::vector<std::uint64_t> all = times_;
    all.push_back(times);
    return {input_, std::move(all)};
  }

  std::string input_;
  std::vector<std::uint64_t> times_;  // by operation
};

inline Chain<> Read(std::string input = "") { return {std::move(input), {}}; }

namespace internal {

template <typename C>
using ChainOf = decltype(std::declval<C&>().Build());
template <typename C>
using StagesOf = typename ChainOf<C>::Stages;

template <typename C>
consteval bool CheckChain() {
  constexpr bool kNamed = NamesItself<C> && std::default_initializable<C>;
  static_assert(kNamed,
                "Gristmill chain: a chain is a class with a public constructor without arguments "
                "and public `static constexpr std::string_view kName` and `kSummary`");
  constexpr bool kBuilds = requires(C & chain) { typename StagesOf<C>; };
  static_assert(kBuilds,
                "Gristmill chain: Build must be public, callable as Build() and return what "
                "gristmill::Read()… makes");
  if constexpr (kNamed && kBuilds) {
    static_assert(StagesOf<C>::kSize > 0, "Gristmill chain: Build returns a chain without steps");
    return StagesOf<C>::kSize > 0;
  }
  return false;
}

template <typename C>
ChainOf<C> BuildChain(const ParamMap& params) {
  C chain;
  SetOwnParams(chain, params);
  return chain.Build();
}

template <typename C>
std::string CheckChainParams(const ParamMap& params) {
  std::string problem = StagesOf<C>::template CheckParams<C>(params);
  if (problem.empty()) problem = StagesOf<C>::CheckTimes(C::kName, BuildChain<C>(params).times());
  return problem;
}

template <typename C>
JobDeclaration DeclareChain(const ParamMap& params) {
  const ChainOf<C> built = BuildChain<C>(params);
  JobDeclaration declared = StagesOf<C>::Declare(params, built.times());
  declared.inputs.front().name = built.input();
  declared.output_format = FormatOf(C());
  declared.partitions = PartitionsOf<C>();
  return declared;
}

}  // namespace internal

// Everything the framework needs of a chain.
template <typename C>
JobInfo MakeChainInfo() {
  JobInfo info;
  if constexpr (internal::CheckChain<C>()) {
    using Stages = internal::StagesOf<C>;
    info = internal::NamedInfo<C>();
    info.params = Stages::template ParamsWith<C>().infos();
    info.key_type = TypeName<typename Stages::OutputKey>();
    info.value_type = TypeName<typename Stages::OutputValue>();
    info.check_params = internal::CheckChainParams<C>;
    info.declare = internal::DeclareChain<C>;
    info.make_task = [](const ParamMap& params, const TaskInfo& task) {
      return Stages::MakeTask(params, task, internal::BuildChain<C>(params).times());
    };
  }
  return info;
}

}  // namespace gristmill

// Registers a chain, as GRISTMILL_JOB does a job.
#define GRISTMILL_CHAIN(Chain)                                                            \
  GRISTMILL_JOB_NOTE;                                                                     \
  [[maybe_unused]] static const bool GRISTMILL_CONCAT(gristmill_job_on_line_, __LINE__) = \
      ::gristmill::RegisterJob(::gristmill::MakeChainInfo<Chain>())
