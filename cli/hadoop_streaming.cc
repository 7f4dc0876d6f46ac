#include "cli/hadoop_streaming.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "cli/hadoop_aggregate.h"
#include "cli/hadoop_properties.h"

namespace gristmill::cli {
namespace {

// As typed.
struct StreamingOptions {
  std::vector<std::string> inputs, files, environment;
  std::map<std::string, std::string, std::less<>> values;  // of those that are given once
  HadoopProperties properties;

  std::string_view Value(std::string_view name) const {
    const auto found = values.find(name);
    return found == values.end() ? std::string_view() : found->second;
  }
};

constexpr std::array<std::string_view, 8> kGivenOnce = {
    "-output",         "-mapper",      "-reducer",      "-combiner",
    "-numReduceTasks", "-inputformat", "-outputformat", "-partitioner"};

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

// A path of the file system that all hosts share.
absl::StatusOr<std::string> PathOf(std::string_view uri) {
  constexpr std::string_view kFile = "file://";
  if (uri.starts_with(kFile)) return std::string(uri.substr(kFile.size()));
  if (uri.starts_with("file:/")) return std::string(uri.substr(uri.find('/')));
  const std::size_t scheme = uri.find(":/");
  if (scheme == uri.npos || uri.find('/') < scheme) return std::string(uri);
  return InvalidArgument(
      "'{}' lies on a file system that is not here; copy it to one that all hosts share", uri);
}

absl::Status AddPaths(std::string_view uris, std::vector<std::string>* paths) {
  for (const std::string& uri : SplitAtCommas(uris)) {
    GM_ASSIGN_OR_RETURN(std::string path, PathOf(uri));
    paths->push_back(std::move(path));
  }
  return absl::OkStatus();
}

absl::Status TakeOption(std::string_view name, const std::string& value,
                        StreamingOptions* options) {
  if (name == "-D" || name == "-jobconf") return options->properties.Set(value);
  if (name == "-input") return AddPaths(value, &options->inputs);
  if (name == "-file" || name == "-files" || name == "-cacheFile") {
    return AddPaths(value, &options->files);
  }
  if (name == "-cmdenv") {
    options->environment.push_back(value);
    return absl::OkStatus();
  }
  if (std::find(kGivenOnce.begin(), kGivenOnce.end(), name) == kGivenOnce.end()) {
    return InvalidArgument(
        "option {} of Hadoop Streaming has no counterpart here; leave it out if you can do without "
        "it",
        name);
  }
  if (options->values.emplace(name, value).second) return absl::OkStatus();
  return InvalidArgument("{} is given twice; keep one of them", name);
}

absl::StatusOr<StreamingOptions> ParseOptions(const std::vector<std::string>& arguments) {
  StreamingOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name.starts_with("--")) name.erase(0, 1);
    if (name == "-verbose") continue;
    if (name.size() > 2 && name.starts_with("-D")) {
      GM_RETURN_IF_ERROR(options.properties.Set(name.substr(2)));
      continue;
    }
    if (!name.starts_with('-')) {
      return InvalidArgument("'{}' is no option of Hadoop Streaming; all of them begin with a dash",
                             name);
    }
    if (i + 1 == arguments.size()) return InvalidArgument("{} needs a value", name);
    GM_RETURN_IF_ERROR(TakeOption(name, arguments[++i], &options));
  }
  return options;
}

// "org.apache.hadoop.mapred.lib.RegexMapper", but no "map.py".
bool IsJavaClass(std::string_view command) { return command.starts_with("org.apache."); }

bool IsClass(std::string_view command, std::string_view name) {
  return command.starts_with("org.apache.") && command.ends_with("." + std::string(name));
}

// The program that does what a class of Hadoop's does that its guide to Streaming uses, or what was
// given.
std::string CommandFor(std::string_view command) {
  if (command.empty() || IsClass(command, "IdentityMapper") ||
      IsClass(command, "IdentityReducer")) {
    return "cat";
  }
  return std::string(command == "aggregate" ? kAggregateCommand : command);
}

// Hadoop gives such a mapper key, tab and value: of a line without a tab, that line and a tab.
std::string ReadsKeysAndValues(const std::string& mapper) {
  return "awk '{ print index($0, \"\\t\") ? $0 : $0 \"\\t\" }' | { " + mapper + "\n}";
}

absl::Status CheckClass(const StreamingOptions& options, std::string_view option,
                        std::initializer_list<std::string_view> known) {
  const std::string_view name = options.Value(option);
  if (name.empty()) return absl::OkStatus();
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (std::find(known.begin(), known.end(), last) != known.end()) return absl::OkStatus();
  return InvalidArgument("{} {} is a class that is not here; there is {} only", option, name,
                         *known.begin());
}

absl::StatusOr<std::uint32_t> CountReduces(const StreamingOptions& options) {
  if (options.Value("-reducer") == "NONE") return 0;
  std::string_view text = options.Value("-numReduceTasks");
  const std::string* const property = options.properties.Find("mapreduce.job.reduces");
  if (text.empty() && property != nullptr) text = *property;
  if (text.empty()) return 1;
  std::uint32_t reduces = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), reduces);
  if (error == std::errc() && end == text.data() + text.size()) return reduces;
  return InvalidArgument("'{}' is not a number of reduce tasks", text);
}

absl::Status SetCommands(const StreamingOptions& options, std::uint32_t reduces,
                         StreamFlags* stream) {
  for (const char* name : {"-mapper", "-combiner", "-reducer"}) {
    const std::string_view command = options.Value(name);
    const bool is_known = std::string_view(name) != "-combiner" && CommandFor(command) != command;
    const bool is_class = IsJavaClass(command) || command == "aggregate";
    if (!is_class || is_known) continue;
    return InvalidArgument("{} {} is a Java class, and programs only run here; use one such as cat",
                           name, command);
  }
  stream->mapper = CommandFor(options.Value("-mapper"));
  if (options.Value("-inputformat").ends_with("KeyValueTextInputFormat")) {
    stream->mapper = ReadsKeysAndValues(*stream->mapper);
  }
  if (reduces == 0) return absl::OkStatus();
  stream->reducer = CommandFor(options.Value("-reducer"));
  if (const std::string_view combiner = options.Value("-combiner"); !combiner.empty()) {
    stream->combiner = combiner;
  }
  return absl::OkStatus();
}

// What -D and -cmdenv say; the latter counts where both name a variable.
std::vector<std::string> MergeEnvironments(const std::vector<std::string>& properties,
                                           const std::vector<std::string>& variables) {
  const auto name_of = [](std::string_view text) { return text.substr(0, text.find('=')); };
  std::vector<std::string> merged = variables;
  for (const std::string& property : properties) {
    const bool overridden = std::any_of(
        variables.begin(), variables.end(),
        [&](const std::string& variable) { return name_of(variable) == name_of(property); });
    if (!overridden) merged.push_back(property);
  }
  return merged;
}

}  // namespace

absl::StatusOr<JobFlags> TranslateHadoopStreaming(const std::vector<std::string>& arguments) {
  GM_ASSIGN_OR_RETURN(const StreamingOptions options, ParseOptions(arguments));
  if (options.inputs.empty()) return InvalidArgument("the job needs an -input");
  if (options.Value("-output").empty()) return InvalidArgument("the job needs an -output");
  GM_RETURN_IF_ERROR(
      CheckClass(options, "-inputformat", {"TextInputFormat", "KeyValueTextInputFormat"}));
  GM_RETURN_IF_ERROR(CheckClass(options, "-outputformat", {"TextOutputFormat"}));
  GM_RETURN_IF_ERROR(
      CheckClass(options, "-partitioner", {"KeyFieldBasedPartitioner", "HashPartitioner"}));
  JobFlags flags;
  flags.job = "stream";
  flags.inputs = options.inputs;
  GM_ASSIGN_OR_RETURN(flags.output, PathOf(options.Value("-output")));
  flags.files = options.files;
  GM_ASSIGN_OR_RETURN(const std::uint32_t reduces, CountReduces(options));
  if (reduces > 0) flags.partitions = reduces;
  GM_RETURN_IF_ERROR(SetCommands(options, reduces, &flags.stream));
  const bool by_fields = options.Value("-partitioner").ends_with("KeyFieldBasedPartitioner");
  GM_RETURN_IF_ERROR(options.properties.Apply(by_fields, &flags));
  flags.stream.environment = MergeEnvironments(flags.stream.environment, options.environment);
  return flags;
}

}  // namespace gristmill::cli
