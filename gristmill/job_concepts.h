// What a job class must look like, as sentences that the compiler prints.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "gristmill/context.h"
#include "gristmill/job_traits.h"
#include "gristmill/params.h"
#include "gristmill/records.h"
#include "gristmill/task.h"
#include "gristmill/types.h"

namespace gristmill::internal {

template <typename J>
concept NamesItself = requires {
  { J::kName } -> std::convertible_to<std::string_view>;
  { J::kSummary } -> std::convertible_to<std::string_view>;
};

template <typename J>
concept HasTypes = Encodable<typename J::Key> && Encodable<typename J::Value> &&
    Encodable<typename OutputKeyOf<J>::Type> && Encodable<typename OutputValueOf<J>::Type>;

template <typename J>
concept MapsText = requires(J& job, std::string_view record, Emitter<J>& out) {
  job.Map(record, out);
};
template <typename J>
concept MapsLines = requires(J& job, const Lines& lines, Emitter<J>& out) {
  job.Map(lines, out);
};
template <typename J>
concept MapsWholeFiles = requires(J& job, const WholeFile& file, Emitter<J>& out) {
  job.Map(file, out);
};
template <typename J>
concept MapsRanges = requires(J& job, IntegerRange range, Emitter<J>& out) {
  job.Map(range, out);
};

template <typename J, typename V = typename J::Value>
concept CombinesRight = requires(J& job, V a, V b) {
  { job.Combine(std::move(a), std::move(b)) } -> std::convertible_to<V>;
};
template <typename J>
concept ReducesRight = requires(J& job, View<GroupKey<J>> key, Values<J>& values, Output<J>& out) {
  job.Reduce(key, values, out);
};
template <typename J>
concept PartitionsRight = requires(const J& job, View<GroupKey<J>> key, std::uint32_t n) {
  { job.Partition(key, n) } -> std::same_as<std::uint32_t>;
};
template <typename J>
concept DeclaresRight = requires(J& job, Params& params) {
  job.Declare(params);
};
template <typename J>
concept ValidatesRight = requires(const J& job) {
  { job.Validate() } -> std::convertible_to<std::string>;
};
template <typename J>
concept HasInput = requires(const J& job) {
  { job.Input() } -> std::same_as<InputSpec>;
};
template <typename J>
concept HasFormat = requires(const J& job) {
  { job.Format() } -> std::same_as<OutputFormat>;
};
template <typename J>
concept SetsUp = requires(J& job, TaskContext& context) {
  job.Setup(context);
};
template <typename J>
concept EndsMap = requires(J& job, Emitter<J>& out) {
  job.TearDown(out);
};
template <typename J>
concept EndsReduce = requires(J& job, Output<J>& out) {
  job.TearDown(out);
};

template <typename J>
consteval bool OneTaskPerSplit() {
  if constexpr (requires { requires std::same_as<decltype(J::kOneTaskPerSplit), const bool>; }) {
    return J::kOneTaskPerSplit;
  }
  return EndsMap<J> || (MapsRanges<J> && !kDeclaresCombine<J>);
}
template <typename J>
inline constexpr bool kIsOneTaskPerSplit = OneTaskPerSplit<J>();

template <typename J>
concept FoldsToOutput = std::same_as<typename J::Key, typename OutputKeyOf<J>::Type> &&
    std::same_as<typename J::Value, typename OutputValueOf<J>::Type>;

// Each check prints its sentence where it fails. Later checks are left out then: the errors that
// follow from the first would hide it.
template <typename J>
consteval bool CheckShape() {
  constexpr bool kPlain = std::is_class_v<J> && !std::is_final_v<J>;
  static_assert(kPlain, "Gristmill job: a job is a class that is not final");
  if constexpr (kPlain) {
    constexpr bool kMade = std::default_initializable<J>;
    static_assert(kMade, "Gristmill job: the class needs a public constructor without arguments");
    constexpr bool kNamed = NamesItself<J>;
    static_assert(kNamed,
                  "Gristmill job: declare public `static constexpr std::string_view kName` and "
                  "`kSummary`");
    constexpr bool kTyped = HasTypes<J>;
    static_assert(
        kTyped,
        "Gristmill job: Key, Value (and OutputKey, OutputValue) must be public types made "
        "of bool, integers, float, double, std::string, gristmill::None, and std::pair, "
        "std::tuple and std::vector of these");
    return kMade && kNamed && kTyped;
  }
  return false;
}

template <typename J>
consteval bool CheckMap() {
  constexpr bool kMaps = MapsText<J> || MapsLines<J> || MapsWholeFiles<J> || MapsRanges<J>;
  static_assert(kMaps,
                "Gristmill job: Map must be public and callable as Map(std::string_view, "
                "Emitter<Job>&), Map(const Lines&, Emitter<Job>&), Map(const WholeFile&, "
                "Emitter<Job>&) or Map(IntegerRange, "
                "Emitter<Job>&)");
  constexpr bool kInput = !kDeclaresInput<J> || HasInput<J>;
  static_assert(kInput, "Gristmill job: Input must be callable as InputSpec Input() const");
  constexpr bool kRange =
      !kMaps || MapsText<J> || MapsLines<J> || MapsWholeFiles<J> || kDeclaresInput<J>;
  static_assert(kRange,
                "Gristmill job: a job that maps an IntegerRange must say which: InputSpec Input() "
                "const");
  constexpr bool kOneTask = !kDeclareskOneTaskPerSplit<J> || requires {
    requires std::same_as<decltype(J::kOneTaskPerSplit), const bool>;
  };
  static_assert(kOneTask,
                "Gristmill job: kOneTaskPerSplit must be public and `static constexpr bool`");
  constexpr bool kFormat = !kDeclaresFormat<J> || HasFormat<J>;
  static_assert(kFormat, "Gristmill job: Format must be callable as OutputFormat Format() const");
  return kMaps && kInput && kRange && kOneTask && kFormat;
}

template <typename J>
consteval bool CheckGroups() {
  constexpr bool kNumber = !kDeclareskGroupFields<J> || requires {
    requires std::same_as<decltype(J::kGroupFields), const std::size_t>;
  };
  static_assert(kNumber,
                "Gristmill job: kGroupFields must be public and `static constexpr std::size_t`");
  constexpr bool kSome =
      !kDeclareskGroupFields<J> || !kNumber ||
      (kGroupFieldsOf < J >> 0 && kGroupFieldsOf<J> < kFieldsOf<typename J::Key>);
  static_assert(kSome,
                "Gristmill job: kGroupFields must be more than 0 and less than the fields of Key, "
                "a std::pair or std::tuple: those that are left order the values");
  constexpr bool kReduced = !kDeclareskGroupFields<J> || kDeclaresReduce<J>;
  static_assert(kReduced, "Gristmill job: kGroupFields is how Reduce groups; add Reduce");
  return kNumber && kSome && kReduced;
}

template <typename J>
consteval bool CheckShuffle() {
  constexpr bool kCombine = !kDeclaresCombine<J> || CombinesRight<J>;
  static_assert(
      kCombine,
      "Gristmill job: Combine must be public and callable as Value Combine(Value, Value)");
  constexpr bool kReduce = !kDeclaresReduce<J> || ReducesRight<J>;
  static_assert(kReduce,
                "Gristmill job: Reduce must be public and callable as Reduce(View<Key>, "
                "Values<Job>&, Output<Job>&), with View<GroupKey<Job>> if there is kGroupFields");
  constexpr bool kPartition = !kDeclaresPartition<J> || PartitionsRight<J>;
  static_assert(kPartition,
                "Gristmill job: Partition must be callable as std::uint32_t Partition(View<Key>, "
                "std::uint32_t partitions) const, with View<GroupKey<Job>> if there is "
                "kGroupFields");
  constexpr bool kOrder = !kDeclareskTotalOrder<J> || requires {
    requires std::same_as<decltype(J::kTotalOrder), const bool>;
  };
  static_assert(kOrder, "Gristmill job: kTotalOrder must be public and `static constexpr bool`");
  constexpr bool kOneOrder = !kIsTotalOrder<J> || !kDeclaresPartition<J>;
  static_assert(kOneOrder,
                "Gristmill job: kTotalOrder chooses the partitions itself; leave Partition out");
  constexpr bool kShuffled = !kMapOnly<J> || (!kIsTotalOrder<J> && !kDeclaresPartition<J>);
  static_assert(kShuffled,
                "Gristmill job: kTotalOrder and Partition need a shuffle; add Combine or Reduce");
  constexpr bool kParted = !kDeclareskPartitions<J> || requires {
    requires std::same_as<decltype(J::kPartitions), const std::uint32_t>;
    requires J::kPartitions >
    0;
  };
  static_assert(kParted,
                "Gristmill job: kPartitions must be public, `static constexpr std::uint32_t` and "
                "more than 0");
  constexpr bool kFold = kDeclaresReduce<J> || FoldsToOutput<J>;
  static_assert(
      kFold,
      "Gristmill job: OutputKey and OutputValue differ from Key and Value, so Reduce must "
      "make them");
  return kCombine && kReduce && kPartition && kOrder && kOneOrder && kShuffled && kParted && kFold;
}

template <typename J>
consteval bool CheckEdges() {
  constexpr bool kDeclare = !kDeclaresDeclare<J> || DeclaresRight<J>;
  static_assert(kDeclare, "Gristmill job: Declare must be callable as Declare(Params&)");
  constexpr bool kValidate = !kDeclaresValidate<J> || ValidatesRight<J>;
  static_assert(kValidate,
                "Gristmill job: Validate must be callable as std::string Validate() const");
  constexpr bool kSetup = !kDeclaresSetup<J> || SetsUp<J>;
  static_assert(kSetup, "Gristmill job: Setup must be callable as Setup(TaskContext&)");
  constexpr bool kTearDown = !kDeclaresTearDown<J> || EndsMap<J> || (EndsReduce<J> && !kMapOnly<J>);
  static_assert(
      kTearDown,
      "Gristmill job: TearDown must be callable as TearDown(Emitter<Job>&) or, with Combine "
      "or Reduce, TearDown(Output<Job>&)");
  return kDeclare && kValidate && kSetup && kTearDown;
}

// True for a class that is a job; one that is not does not compile, with a sentence that says why.
template <typename J>
consteval bool CheckJob() {
  if constexpr (CheckShape<J>()) {
    if constexpr (CheckMap<J>()) {
      if constexpr (CheckGroups<J>()) {
        if constexpr (CheckShuffle<J>()) return CheckEdges<J>();
      }
    }
  }
  return false;
}

}  // namespace gristmill::internal
