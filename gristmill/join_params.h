// The parameters of a join: its own and those of both sides.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/job.h"
#include "gristmill/join_types.h"
#include "gristmill/params.h"

namespace gristmill::internal {

template <typename T>
Params DeclareParams(T& object) {
  Params params;
  if constexpr (kDeclaresDeclare<T>) object.Declare(params);
  return params;
}

// Those of `values` that `object` declares.
template <typename T>
ParamMap ParamsOf(T& object, const ParamMap& values) {
  ParamMap mine;
  for (const ParamInfo& info : DeclareParams(object).infos()) {
    if (const auto found = values.find(info.name); found != values.end()) mine.insert(*found);
  }
  return mine;
}

// All of a join, each once.
template <typename J>
std::vector<ParamInfo> JoinParams() {
  J job;
  typename J::Left left;
  typename J::Right right;
  std::vector<ParamInfo> all = DeclareParams(job).infos();
  for (const Params& params : {DeclareParams(left), DeclareParams(right)}) {
    for (ParamInfo& info : params.infos()) {
      const bool known = std::any_of(
          all.begin(), all.end(), [&](const ParamInfo& other) { return other.name == info.name; });
      if (!known) all.push_back(std::move(info));
    }
  }
  return all;
}

// What is wrong with the declarations, if anything: a name must mean one thing.
template <typename J>
std::string ClashOfParams() {
  J job;
  typename J::Left left;
  typename J::Right right;
  std::map<std::string, ParamInfo> seen;
  for (const Params& params : {DeclareParams(job), DeclareParams(left), DeclareParams(right)}) {
    for (const ParamInfo& info : params.infos()) {
      const auto [other, is_new] = seen.emplace(info.name, info);
      if (is_new || (other->second.type == info.type && other->second.help == info.help &&
                     other->second.default_value == info.default_value)) {
        continue;
      }
      return "job '" + std::string(J::kName) + "' declares its parameter '" + info.name +
             "' twice, with another type, default or help; rename one in the job";
    }
  }
  return "";
}

// Sets the parameters of a join or a side. Empty, or one sentence.
template <typename J, typename T>
std::string BindPart(T& object, const ParamMap& values) {
  return DeclareParams(object).Bind(J::kName, ParamsOf(object, values));
}

template <typename T>
std::string CheckPart(const T& object) {
  if constexpr (kDeclaresValidate<T>) return object.Validate();
  return "";
}

template <typename J>
std::string CheckJoinParams(const ParamMap& values) {
  if (std::string clash = ClashOfParams<J>(); !clash.empty()) return clash;
  const std::vector<ParamInfo> known = JoinParams<J>();
  for (const auto& [name, value] : values) {
    if (std::none_of(known.begin(), known.end(),
                     [&name = name](const ParamInfo& info) { return info.name == name; })) {
      std::string names;
      for (const ParamInfo& info : known) names += (names.empty() ? "" : ", ") + info.name;
      return "job '" + std::string(J::kName) + "' has no parameter '" + name + "'; it has " + names;
    }
  }
  J job;
  typename J::Left left;
  typename J::Right right;
  std::string problem = BindPart<J>(job, values);
  if (problem.empty()) problem = BindPart<J>(left, values);
  if (problem.empty()) problem = BindPart<J>(right, values);
  if (problem.empty()) problem = CheckPart(job);
  if (problem.empty()) problem = CheckPart(left);
  if (problem.empty()) problem = CheckPart(right);
  if (problem.empty()) problem = CheckInput<typename J::Left>(InputOf(left));
  if (problem.empty()) problem = CheckInput<typename J::Right>(InputOf(right));
  return problem;
}

}  // namespace gristmill::internal
