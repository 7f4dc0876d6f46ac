// Joins of two inputs, as a job: what both have under one key comes together.
//
//   struct Orders {
//     static constexpr std::string_view kName = "orders";  // --input orders=PATH
//     using Key = std::string;
//     using Value = double;
//     void Map(std::string_view line, gristmill::Emitter<Orders>& out);
//   };
//   struct Customers { … };
//
//   struct OrdersWithNames : gristmill::InnerJoin<Orders, Customers> {
//     static constexpr std::string_view kName = "orderswithnames";
//     static constexpr std::string_view kSummary = "orders with the names of who placed them";
//   };
//   GRISTMILL_JOIN(OrdersWithNames);
//
// A side is a class like a job without Reduce: Map in any of its forms, and if need be Declare,
// Validate, Input, Setup, TearDown, kOneTaskPerSplit. Both sides have the same Key.
//
//   InnerJoin   emits (key, {left value, right value}) for each pair of values of one key
//   LeftJoin    likewise, and (key, {left value, Right::Value{}}) where there is no right one
//   SemiJoin    emits (key, left value) for left values that have right ones
//   JoinOf      has a Reduce of the job's own, called for each key of either side:
//
//     void Reduce(View<Key> key, gristmill::LeftValues<Job>& left,
//                 std::span<const RightValue> right, gristmill::Output<Job>& out);
//
// The values of a key come in the order of the input; each left value goes through those of the
// right. The right ones of one key are held in memory, a share of the task's; the left ones are
// not: let the side with fewer values a key be the right one.
//
// `bool Broadcast() const`, if the job has it, may say that no shuffle is worth it: every runner
// then reads the whole right input once, keeps it as a table (within half of --memory), and the
// left input is joined as it is read, one output file a split. Each left value is a group of its
// own then, and keys of the right side alone do not show.
//
// Optional besides: OutputKey, OutputValue, Declare, Validate, Format, Setup, kDetails,
// kPartitions. The job's parameters are those of the join and both sides; one that is declared
// twice must be declared alike. gristmill/join_testing.h tests joins.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gristmill/job.h"  // IWYU pragma: export
#include "gristmill/job_params.h"
#include "gristmill/join_concepts.h"  // IWYU pragma: export
#include "gristmill/join_task.h"
#include "gristmill/join_types.h"  // IWYU pragma: export

namespace gristmill {
namespace internal {

template <typename S>
std::string CheckInputOf(const ParamMap& values) {
  S side;
  SetOwnParams(side, values);
  return CheckInput<S>(InputOf(side));
}

template <typename J>
std::string CheckJoinParams(const ParamMap& values) {
  std::string problem = CheckParamsOfAll<J, typename J::Left, typename J::Right>(values);
  if (problem.empty()) problem = CheckInputOf<typename J::Left>(values);
  if (problem.empty()) problem = CheckInputOf<typename J::Right>(values);
  return problem;
}

template <typename J>
JobDeclaration DeclareJoin(const ParamMap& params) {
  J job;
  typename J::Left left;
  typename J::Right right;
  SetOwnParams(job, params);
  SetOwnParams(left, params);
  SetOwnParams(right, params);
  JobDeclaration declared{
      .inputs = {{.name = std::string(J::Left::kName), .spec = InputOf(left)},
                 {.name = std::string(J::Right::kName), .spec = InputOf(right)}},
      .stages = {},
      .output_format = FormatOf(job),
      .partitions = PartitionsOf<J>(),
      .caches = Caches<J>() || Caches<typename J::Left>() || Caches<typename J::Right>()};
  const StageDeclaration map_left{.kind = StageKind::kMap,
                                  .name = "map " + std::string(J::Left::kName),
                                  .input = kLeftInput,
                                  .one_task_per_split = kIsOneTaskPerSplit<typename J::Left>};
  if (IsBroadcast(job)) {
    declared.stages = {map_left};
    declared.stages[0].whole_inputs = {kRightInput};
    declared.caches = true;
    return declared;
  }
  declared.stages = {{.kind = StageKind::kMap,
                      .name = "map " + std::string(J::Right::kName),
                      .input = kRightInput,
                      .one_task_per_split = kIsOneTaskPerSplit<typename J::Right>},
                     map_left,
                     {.kind = StageKind::kReduce,
                      .edges = {{static_cast<std::uint32_t>(JoinStage::kRight)},
                                {static_cast<std::uint32_t>(JoinStage::kLeft)}}}};
  return declared;
}

}  // namespace internal

// Everything the framework needs of a join; a class that is none does not compile.
template <typename J>
JobInfo MakeJoinInfo() {
  JobInfo info;
  if constexpr (internal::CheckJoin<J>()) {
    info = internal::NamedInfo<J>();
    info.params = internal::ParamsOfAll<J, typename J::Left, typename J::Right>().infos();
    info.key_type = TypeName<OutputKey<J>>();
    info.value_type = TypeName<OutputValue<J>>();
    info.check_params = internal::CheckJoinParams<J>;
    info.declare = internal::DeclareJoin<J>;
    info.make_task = [](const ParamMap& params,
                        const TaskInfo& task) -> std::unique_ptr<TaskRunner> {
      return std::make_unique<internal::JoinTask<J>>(params, task);
    };
  }
  return info;
}

}  // namespace gristmill

// As GRISTMILL_JOB, for a join.
#define GRISTMILL_JOIN(Join)                                                               \
  GRISTMILL_JOB_NOTE;                                                                      \
  [[maybe_unused]] static const bool GRISTMILL_CONCAT(gristmill_join_on_line_, __LINE__) = \
      ::gristmill::RegisterJob(::gristmill::MakeJoinInfo<Join>())
