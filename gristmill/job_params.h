// How the parameters of a job get into its class, and what several classes of one job do with
// theirs: a chain with its steps, a join with its sides. Each gets what it declares.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gristmill/job_traits.h"
#include "gristmill/params.h"
#include "gristmill/registry.h"

namespace gristmill::internal {

template <typename J>
void DeclareInto(J& job, Params& params) {
  if constexpr (kDeclaresDeclare<J>) job.Declare(params);
}

template <typename J>
std::vector<ParamInfo> DeclaredParams() {
  J job;
  Params params;
  DeclareInto(job, params);
  return params.infos();
}

// Sets a new job's parameters. Empty, or one sentence.
template <typename J>
std::string BindParams(J& job, const ParamMap& values) {
  Params params;
  DeclareInto(job, params);
  return params.Bind(J::kName, values);
}

// Those of all that the class declares.
template <typename J>
ParamMap OwnParams(const ParamMap& all) {
  ParamMap own;
  if (all.empty()) return own;
  for (const ParamInfo& info : DeclaredParams<J>()) {
    if (const auto found = all.find(info.name); found != all.end()) own.insert(*found);
  }
  return own;
}

// Sets those of all that the class declares; they were checked.
template <typename J>
void SetOwnParams(J& job, const ParamMap& all) {
  const std::string problem = BindParams(job, OwnParams<J>(all));
  if (!problem.empty()) throw TaskError(problem);
}

// The parameters of several classes together, each once.
class SharedParams {
 public:
  explicit SharedParams(std::string_view job) : job_(job) {}

  template <typename J>
  void Add() {
    for (ParamInfo& info : DeclaredParams<J>()) Add(std::string(J::kName), std::move(info));
  }

  const std::vector<ParamInfo>& infos() const { return infos_; }
  // Empty, or that two classes mean different things by a name. The same declaration in both is one
  // parameter that both get.
  const std::string& clash() const { return clash_; }

 private:
  void Add(std::string owner, ParamInfo info) {
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      if (infos_[i].name != info.name) continue;
      const bool same = infos_[i].type == info.type && infos_[i].help == info.help &&
                        infos_[i].default_value == info.default_value;
      if (!same && clash_.empty()) {
        clash_ = "'" + owners_[i] + "' and '" + owner + "' of job '" + job_ +
                 "' declare a parameter '" + info.name +
                 "' in different ways; rename one, or declare it alike in both to share it";
      }
      return;
    }
    infos_.push_back(std::move(info));
    owners_.push_back(std::move(owner));
  }

  const std::string job_;
  std::vector<ParamInfo> infos_;
  std::vector<std::string> owners_;  // by parameter
  std::string clash_;
};

// Those of a job and its parts.
template <typename J, typename... Parts>
SharedParams ParamsOfAll() {
  SharedParams params(J::kName);
  params.Add<J>();
  (params.Add<Parts>(), ...);
  return params;
}

// Empty, or what the class says against its own.
template <typename J>
std::string ValidateOwn(const ParamMap& all) {
  if constexpr (kDeclaresValidate<J>) {
    J job;
    SetOwnParams(job, all);
    return job.Validate();
  }
  return "";
}

// Empty, or what is wrong with the parameters of a job and its parts: a name that two declare in
// different ways or none does, a value of the wrong type, what one of them says.
template <typename J, typename... Parts>
std::string CheckParamsOfAll(const ParamMap& values) {
  if (std::string clash = ParamsOfAll<J, Parts...>().clash(); !clash.empty()) return clash;
  std::tuple<J, Parts...> all;
  Params params;
  std::apply([&params](auto&... each) { (DeclareInto(each, params), ...); }, all);
  std::string problem = params.Bind(J::kName, values);
  if (problem.empty()) problem = ValidateOwn<J>(values);
  ((problem.empty() ? void(problem = ValidateOwn<Parts>(values)) : void()), ...);
  return problem;
}

}  // namespace gristmill::internal
