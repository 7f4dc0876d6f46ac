#include "gristmill/params.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "gristmill/edit_distance.h"
#include "gristmill/text_format.h"

namespace gristmill {
namespace {

template <typename T>
std::string TextOf(View<T> value) {
  std::string text;
  AppendText<T>(&text, value);
  return text;
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "no") return false;
  return std::nullopt;
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T number{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename T>
constexpr std::string_view RequirementOf() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_same_v<T, std::int64_t>) return "a whole number";
  if constexpr (std::is_same_v<T, std::uint64_t>) return "a whole number of at least 0";
  return "a number";
}

// Sets *member; empty, or what the text must be.
template <typename T>
std::string_view Assign(std::string_view text, T* member) {
  std::optional<T> value;
  if constexpr (std::is_same_v<T, std::string>) {
    value = std::string(text);
  } else if constexpr (std::is_same_v<T, bool>) {
    value = ParseBool(text);
  } else {
    value = ParseNumber<T>(text);
  }
  if (!value) return RequirementOf<T>();
  *member = *std::move(value);
  return {};
}

std::string Join(const std::vector<std::string>& words, std::string_view separator) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += separator;
    joined += word;
  }
  return joined;
}

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

void Params::AddMember(std::string_view name, Member member, std::string_view type,
                       std::string_view default_value, std::string_view help) {
  params_.push_back({ParamInfo{std::string(name), std::string(type), std::string(default_value),
                               std::string(help)},
                     member,
                     {}});
}

void Params::Add(std::string_view name, bool* member, std::string_view help) {
  AddMember(name, member, "bool", TextOf<bool>(*member), help);
}
void Params::Add(std::string_view name, std::int64_t* member, std::string_view help) {
  AddMember(name, member, "int", TextOf<std::int64_t>(*member), help);
}
void Params::Add(std::string_view name, std::uint64_t* member, std::string_view help) {
  AddMember(name, member, "uint", TextOf<std::uint64_t>(*member), help);
}
void Params::Add(std::string_view name, double* member, std::string_view help) {
  AddMember(name, member, "float", TextOf<double>(*member), help);
}
void Params::Add(std::string_view name, std::string* member, std::string_view help) {
  AddMember(name, member, "string", *member, help);
}

void Params::AddChoice(std::string_view name, std::string* member,
                       std::initializer_list<std::string_view> choices, std::string_view help) {
  AddMember(name, member, "", *member, help);
  Param& param = params_.back();
  param.choices.assign(choices.begin(), choices.end());
  param.info.type = "one of " + Join(param.choices, "|");
}

std::vector<ParamInfo> Params::infos() const {
  std::vector<ParamInfo> infos;
  infos.reserve(params_.size());
  for (const Param& param : params_) infos.push_back(param.info);
  return infos;
}

std::string Params::UnknownName(std::string_view job, std::string_view name) const {
  std::string sentence = "job " + Quoted(job) + " has no parameter " + Quoted(name);
  if (params_.empty()) return sentence + "; it takes none";
  std::vector<std::string> names;
  for (const Param& param : params_) {
    // Classes that share a job may declare the same one.
    const bool is_new = std::find(names.begin(), names.end(), param.info.name) == names.end();
    if (is_new) names.push_back(param.info.name);
  }
  const std::string_view nearest = NearestName(name, names);
  if (!nearest.empty()) return sentence + "; did you mean " + Quoted(nearest) + "?";
  return sentence + "; it has " + Join(names, ", ");
}

std::string Params::BindOne(std::string_view job, const Param& param, std::string_view text) {
  std::string must_be;
  if (!param.choices.empty() &&
      std::find(param.choices.begin(), param.choices.end(), text) == param.choices.end()) {
    must_be = "one of " + Join(param.choices, ", ");
  } else {
    must_be = std::visit([text](auto* member) { return Assign(text, member); }, param.member);
  }
  if (must_be.empty()) return "";
  return "parameter " + Quoted(param.info.name) + " of job " + Quoted(job) + " must be " + must_be +
         ", not " + Quoted(text);
}

std::string Params::Bind(std::string_view job, const ParamMap& values) const {
  for (const auto& value : values) {
    const auto param = std::find_if(params_.begin(), params_.end(), [&value](const Param& p) {
      return p.info.name == value.first;
    });
    if (param == params_.end()) return UnknownName(job, value.first);
    std::string problem = BindOne(job, *param, value.second);
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace gristmill
