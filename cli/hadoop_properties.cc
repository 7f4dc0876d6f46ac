#include "cli/hadoop_properties.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/status.h"

namespace gristmill::cli {
namespace {

using Names = std::pair<std::string_view, std::string_view>;

// The older name and the newer one.
constexpr std::array kRenamed = {
    Names{"mapred.reduce.tasks", "mapreduce.job.reduces"},
    Names{"mapred.map.tasks", "mapreduce.job.maps"},
    Names{"mapred.job.name", "mapreduce.job.name"},
    Names{"map.output.key.field.separator", "mapreduce.map.output.key.field.separator"},
    Names{"mapred.text.key.partitioner.options", "mapreduce.partition.keypartitioner.options"},
    Names{"mapred.text.key.comparator.options", "mapreduce.partition.keycomparator.options"},
    Names{"mapred.output.key.comparator.class", "mapreduce.job.output.key.comparator.class"},
    Names{"mapred.map.max.attempts", "mapreduce.map.maxattempts"},
    Names{"mapred.reduce.max.attempts", "mapreduce.reduce.maxattempts"},
    Names{"mapred.max.split.size", "mapreduce.input.fileinputformat.split.maxsize"},
    Names{"mapred.output.compress", "mapreduce.output.fileoutputformat.compress"},
};

// Those that decide something here.
constexpr std::array<std::string_view, 16> kUnderstood = {
    "mapreduce.job.reduces",
    "mapreduce.job.name",
    "stream.map.output.field.separator",
    "stream.num.map.output.key.fields",
    "stream.reduce.input.field.separator",
    "stream.non.zero.exit.is.failure",
    "mapreduce.map.output.key.field.separator",
    "mapreduce.partition.keypartitioner.options",
    "num.key.fields.for.partition",
    "mapreduce.partition.keycomparator.options",
    "mapreduce.job.output.key.comparator.class",
    "mapreduce.map.maxattempts",
    "mapreduce.reduce.maxattempts",
    "mapreduce.input.fileinputformat.split.maxsize",
    "mapreduce.output.fileoutputformat.compress",
    "stream.reduce.output.field.separator",
};

// Beginnings of those that are about how Hadoop does its work, which the result does not show.
constexpr std::array<std::string_view, 30> kTuning = {
    "mapreduce.job.maps",
    "mapreduce.job.queuename",
    "mapreduce.job.priority",
    "mapreduce.job.user.name",
    "mapreduce.job.jvm",
    "mapreduce.job.running.",
    "mapreduce.job.ubertask.",
    "mapreduce.job.reduce.slowstart.",
    "mapreduce.job.reduce.shuffle.",
    "mapreduce.job.acl-",
    "mapreduce.job.counters.",
    "mapreduce.framework.name",
    "mapreduce.client.",
    "mapreduce.map.memory.",
    "mapreduce.map.cpu.",
    "mapreduce.map.java.",
    "mapreduce.map.speculative",
    "mapreduce.map.output.compress",
    "mapreduce.map.sort.",
    "mapreduce.reduce.memory.",
    "mapreduce.reduce.cpu.",
    "mapreduce.reduce.java.",
    "mapreduce.reduce.speculative",
    "mapreduce.reduce.shuffle.",
    "mapreduce.reduce.input.buffer.",
    "mapreduce.task.io.sort.",
    "mapred.child.",
    "mapred.job.queue.name",
    "mapred.job.priority",
    "mapred.compress.map.output",
};

// Whose names begin otherwise are the user's own, for the tasks to read.
constexpr std::array<std::string_view, 5> kOfHadoop = {"mapred", "stream.", "map.", "num.", "io."};

bool BeginsWithOneOf(std::string_view name, const auto& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [name](std::string_view beginning) { return name.starts_with(beginning); });
}

std::string_view NewNameOf(std::string_view name) {
  const auto found = std::find_if(kRenamed.begin(), kRenamed.end(),
                                  [name](const Names& names) { return names.first == name; });
  return found == kRenamed.end() ? name : found->second;
}

absl::StatusOr<std::uint32_t> ParseNumber(std::string_view name, const std::string& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return InvalidArgument("-D {}={} is not a whole number", name, text);
}

// Streaming's own classes end in this name, in whatever package.
bool IsClass(std::string_view text, std::string_view name) {
  return text == name || text.ends_with("." + std::string(name));
}

}  // namespace

absl::Status HadoopProperties::Set(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return InvalidArgument("-D {} is not of the form NAME=VALUE", text);
  }
  const std::string name(NewNameOf(text.substr(0, equals)));
  const bool understood =
      std::find(kUnderstood.begin(), kUnderstood.end(), name) != kUnderstood.end();
  if (!understood && BeginsWithOneOf(name, kOfHadoop) && !BeginsWithOneOf(name, kTuning)) {
    return InvalidArgument("-D {} has no counterpart here; leave it out if you can do without it",
                           text.substr(0, equals));
  }
  values_[name] = text.substr(equals + 1);
  return absl::OkStatus();
}

const std::string* HadoopProperties::Find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

absl::Status HadoopProperties::Apply(bool by_fields, JobFlags* flags) const {
  GM_RETURN_IF_ERROR(ApplyKeys(by_fields, flags));
  for (const char* name : {"mapreduce.map.maxattempts", "mapreduce.reduce.maxattempts"}) {
    const std::string* const value = Find(name);
    if (value == nullptr) continue;
    GM_ASSIGN_OR_RETURN(const std::uint32_t attempts, ParseNumber(name, *value));
    flags->max_attempts = std::max(flags->max_attempts, attempts);
  }
  if (const std::string* bytes = Find("mapreduce.input.fileinputformat.split.maxsize")) {
    flags->split_size = *bytes;
  }
  const std::pair<const char*, const char*> only[] = {
      {"mapreduce.output.fileoutputformat.compress", "false"},
      {"stream.non.zero.exit.is.failure", "true"},
      {"stream.reduce.output.field.separator", "\t"}};
  for (const auto& [name, value] : only) {
    const std::string* const given = Find(name);
    if (given == nullptr || *given == value || *given == "\\t") continue;
    return InvalidArgument("-D {}={} can't be had here; leave it out", name, *given);
  }
  for (const auto& [name, value] : values_) {
    std::string variable = name;
    std::replace_if(
        variable.begin(), variable.end(), [](unsigned char c) { return std::isalnum(c) == 0; },
        '_');
    flags->stream.environment.push_back(fmt::format("{}={}", variable, value));
  }
  return absl::OkStatus();
}

absl::Status HadoopProperties::ApplyKeys(bool by_fields, JobFlags* flags) const {
  StreamFlags& stream = flags->stream;
  if (const std::string* text = Find("stream.map.output.field.separator")) stream.separator = *text;
  if (!stream.reducer) {  // nothing is sorted
    // Hadoop writes key, tab and value then; here lines pass as they are.
    if (!stream.separator || *stream.separator == "\t" || *stream.separator == "\\t") {
      return absl::OkStatus();
    }
    return InvalidArgument(
        "-D stream.map.output.field.separator={} would change what a mapper without a reducer "
        "writes, which can't be had here; leave it out",
        *stream.separator);
  }
  const std::string* const reducer_separator = Find("stream.reduce.input.field.separator");
  flags->params.push_back(
      fmt::format("reducer_separator={}", reducer_separator ? *reducer_separator : "\\t"));
  if (const std::string* text = Find("stream.num.map.output.key.fields")) {
    GM_ASSIGN_OR_RETURN(stream.key_fields, ParseNumber("stream.num.map.output.key.fields", *text));
  }
  if (by_fields) {
    const std::string* const options = Find("mapreduce.partition.keypartitioner.options");
    const std::string* const fields = Find("num.key.fields.for.partition");
    if (options != nullptr) {
      flags->params.push_back("partition=" + *options);
    } else if (fields != nullptr) {
      GM_ASSIGN_OR_RETURN(stream.partition_fields,
                          ParseNumber("num.key.fields.for.partition", *fields));
    }
    if (options != nullptr || fields != nullptr) GM_RETURN_IF_ERROR(CheckKeySeparator(*flags));
  }
  const std::string* const comparator = Find("mapreduce.job.output.key.comparator.class");
  if (comparator == nullptr) return absl::OkStatus();
  if (!IsClass(*comparator, "KeyFieldBasedComparator")) {
    return InvalidArgument(
        "-D mapreduce.job.output.key.comparator.class={} is a class that is not here; there is "
        "KeyFieldBasedComparator only",
        *comparator);
  }
  if (const std::string* options = Find("mapreduce.partition.keycomparator.options")) {
    stream.sort = *options;
    return CheckKeySeparator(*flags);
  }
  return absl::OkStatus();
}

// Hadoop may cut keys elsewhere than lines.
absl::Status HadoopProperties::CheckKeySeparator(const JobFlags& flags) const {
  const std::string* const given = Find("mapreduce.map.output.key.field.separator");
  const std::string of_keys = given != nullptr ? *given : "\t";
  const std::string of_lines = flags.stream.separator.value_or("\t");
  const auto is_tab = [](const std::string& text) { return text == "\t" || text == "\\t"; };
  if (of_keys == of_lines || (is_tab(of_keys) && is_tab(of_lines))) return absl::OkStatus();
  return InvalidArgument(
      "fields of keys are cut at '{}' and lines at '{}', which must be the same here; say -D "
      "mapreduce.map.output.key.field.separator={}",
      of_keys == "\t" ? "\\t" : of_keys, of_lines == "\t" ? "\\t" : of_lines, of_lines);
}

}  // namespace gristmill::cli
