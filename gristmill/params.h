// A job's parameters: the job declares members, the framework describes and binds them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gristmill/registry.h"

namespace gristmill {

// Passed to a job's Declare. A parameter's default is the value its member has then.
class Params {
 public:
  // The members must outlive the Params.
  void Add(std::string_view name, bool* member, std::string_view help);
  void Add(std::string_view name, std::int64_t* member, std::string_view help);
  void Add(std::string_view name, std::uint64_t* member, std::string_view help);
  void Add(std::string_view name, double* member, std::string_view help);
  void Add(std::string_view name, std::string* member, std::string_view help);
  // One of `choices`.
  void AddChoice(std::string_view name, std::string* member,
                 std::initializer_list<std::string_view> choices, std::string_view help);

  // For the framework. In the order of declaration, with the defaults.
  std::vector<ParamInfo> infos() const;
  // For the framework: sets the members. Empty, or one sentence that names `job`.
  std::string Bind(std::string_view job, const ParamMap& values) const;

 private:
  using Member = std::variant<bool*, std::int64_t*, std::uint64_t*, double*, std::string*>;
  struct Param {
    ParamInfo info;
    Member member;
    std::vector<std::string> choices;
  };

  void AddMember(std::string_view name, Member member, std::string_view type,
                 std::string_view default_value, std::string_view help);
  static std::string BindOne(std::string_view job, const Param& param, std::string_view text);
  std::string UnknownName(std::string_view job, std::string_view name) const;

  std::vector<Param> params_;
};

}  // namespace gristmill
