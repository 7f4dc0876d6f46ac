// The parameters of a chain are those of its class and of all its steps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gristmill/job_traits.h"
#include "gristmill/params.h"
#include "gristmill/registry.h"

namespace gristmill::internal {

template <typename J>
std::vector<ParamInfo> InfosOfStep() {
  J job;
  Params params;
  if constexpr (kDeclaresDeclare<J>) job.Declare(params);
  return params.infos();
}

// Those of all that the step declares.
template <typename J>
ParamMap ParamsOfStep(const ParamMap& all) {
  ParamMap own;
  if (all.empty()) return own;
  for (const ParamInfo& info : InfosOfStep<J>()) {
    if (const auto found = all.find(info.name); found != all.end()) own.insert(*found);
  }
  return own;
}

// The parameters of several classes together, each once.
class SharedParams {
 public:
  explicit SharedParams(std::string_view chain) : chain_(chain) {}

  template <typename J>
  void Add() {
    for (ParamInfo& info : InfosOfStep<J>()) Add(std::string(J::kName), std::move(info));
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
        clash_ = "'" + owners_[i] + "' and '" + owner + "' of chain '" + chain_ +
                 "' declare a parameter '" + info.name +
                 "' in different ways; rename one, or declare it alike in both to share it";
      }
      return;
    }
    infos_.push_back(std::move(info));
    owners_.push_back(std::move(owner));
  }

  const std::string chain_;
  std::vector<ParamInfo> infos_;
  std::vector<std::string> owners_;  // by parameter
  std::string clash_;
};

}  // namespace gristmill::internal
