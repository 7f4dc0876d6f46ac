#include "coordinator/input_planning.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/units.h"
#include "coordinator/output_place.h"
#include "gristmill/edit_distance.h"
#include "storage/file.h"
#include "storage/input_files.h"
#include "storage/job_formats.h"

namespace gristmill::coordinator {
namespace {

constexpr std::uint64_t kDefaultSplitBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kSplitBytesMin = 1 << 10;
constexpr std::uint32_t kDefaultSplits = 64;
// A plan is one message to every worker; the file list is what makes it large.
constexpr std::size_t kPlanBytesMax = std::size_t{32} << 20;

constexpr std::size_t kInputsMax = 100;
constexpr std::size_t kNameBytesMax = 64;

using Paths = std::vector<std::string>;

bool IsRange(const InputDeclaration& input) {
  return input.spec.format == InputFormat::kIntegerRange;
}

// "'left' and 'right'"
std::string ListNames(const std::vector<InputDeclaration>& inputs) {
  std::string text;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (i > 0) text += i + 1 == inputs.size() ? " and " : ", ";
    text += fmt::format("'{}'", inputs[i].name);
  }
  return text;
}

absl::Status CheckNames(const std::vector<InputDeclaration>& inputs, const std::string& job) {
  if (inputs.size() > kInputsMax) {
    return InvalidArgument("job '{}' has {} inputs, more than the {} that a job may have", job,
                           inputs.size(), kInputsMax);
  }
  std::set<std::string_view> names;
  for (const InputDeclaration& input : inputs) {
    if (input.name.size() > kNameBytesMax || !IsUtf8(input.name)) {
      return InvalidArgument(
          "an input of job '{}' has a name that is not UTF-8 or takes more than {} bytes; rename "
          "it "
          "in the job",
          job, kNameBytesMax);
    }
    if (inputs.size() > 1 && input.name.empty()) {
      return InvalidArgument(
          "job '{}' has {} inputs and one of them has no name; name each in the job", job,
          inputs.size());
    }
    if (!names.insert(input.name).second) {
      return InvalidArgument("job '{}' has two inputs named '{}'; rename one in the job", job,
                             input.name);
    }
  }
  return absl::OkStatus();
}

absl::Status NoSuchInput(const v1::NamedInput& asked, const std::vector<InputDeclaration>& inputs,
                         const std::string& job) {
  Paths names;
  for (const InputDeclaration& input : inputs) names.push_back(input.name);
  const std::string_view nearest = NearestName(asked.name(), names);
  if (nearest.empty()) {
    return InvalidArgument("job '{}' has no input '{}'; it has {}", job, asked.name(),
                           ListNames(inputs));
  }
  return InvalidArgument("job '{}' has no input '{}' (it has {}); did you mean '{}'?", job,
                         asked.name(), ListNames(inputs), nearest);
}

// The paths of each input of a job whose inputs have names.
absl::StatusOr<std::vector<Paths>> NamedPaths(const std::vector<InputDeclaration>& inputs,
                                              v1::JobRequest* request) {
  std::vector<Paths> paths(inputs.size());
  std::set<std::string_view> wholes;
  for (v1::NamedInput& named : *request->mutable_named_inputs()) {
    const auto found =
        std::find_if(inputs.begin(), inputs.end(),
                     [&named](const InputDeclaration& i) { return i.name == named.name(); });
    if (found == inputs.end()) return NoSuchInput(named, inputs, request->job());
    paths[static_cast<std::size_t>(found - inputs.begin())].push_back(named.path());
    wholes.insert(named.whole());
  }
  for (const std::string& path : request->inputs()) {
    if (wholes.contains(path)) continue;
    return InvalidArgument(
        "job '{}' has the inputs {}; say of which '{}' is, as in --input {}=PATH", request->job(),
        ListNames(inputs), path, inputs.front().name);
  }
  request->clear_inputs();
  for (v1::NamedInput& named : *request->mutable_named_inputs()) named.clear_whole();
  return paths;
}

absl::StatusOr<std::vector<Paths>> UnnamedPaths(v1::JobRequest* request) {
  for (const v1::NamedInput& named : request->named_inputs()) {
    if (!named.whole().empty()) continue;
    return InvalidArgument(
        "job '{}' has one input, which has no name; say --input PATH instead of "
        "--input {}=PATH",
        request->job(), named.name());
  }
  request->clear_named_inputs();
  return std::vector<Paths>{Paths(request->inputs().begin(), request->inputs().end())};
}

absl::Status CheckSplits(const std::vector<InputDeclaration>& inputs, v1::JobRequest* request) {
  const bool has_range = std::any_of(inputs.begin(), inputs.end(), IsRange);
  const bool has_files = !std::all_of(inputs.begin(), inputs.end(), IsRange);
  if (!has_files && request->split_bytes() > 0) {
    return InvalidArgument(
        "job '{}' reads no files, so a split has no size; say --splits N instead of --split-size",
        request->job());
  }
  if (!has_range && request->splits() > 0) {
    return InvalidArgument("job '{}' reads files; say --split-size SIZE instead of --splits",
                           request->job());
  }
  if (has_range && request->splits() == 0) request->set_splits(kDefaultSplits);
  if (request->splits() > kMapTasksMax) {
    return InvalidArgument("{} splits are more than the {} that a job may have; ask for fewer",
                           request->splits(), kMapTasksMax);
  }
  if (has_files && request->split_bytes() == 0) request->set_split_bytes(kDefaultSplitBytes);
  if (has_files && request->split_bytes() < kSplitBytesMin) {
    return InvalidArgument("splits of {} are too small; give at least {}",
                           FormatBytes(request->split_bytes()), FormatBytes(kSplitBytesMin));
  }
  return absl::OkStatus();
}

absl::Status PlanRange(const InputDeclaration& declared, const Paths& paths, const std::string& job,
                       v1::InputPlan* input) {
  if (!paths.empty()) {
    return InvalidArgument("job '{}' counts over integers and reads no files; leave --input out",
                           job);
  }
  const IntegerRange& range = declared.spec.range;
  if (range.end < range.begin) {
    return InvalidArgument("job '{}' was given the range [{}, {}), which ends before it begins",
                           job, range.begin, range.end);
  }
  input->set_range_begin(range.begin);
  input->set_range_end(range.end);
  return absl::OkStatus();
}

absl::Status CheckPaths(const InputDeclaration& declared, const Paths& paths,
                        const std::string& job) {
  if (paths.empty() && declared.name.empty()) {
    return InvalidArgument("job '{}' reads files; name some with --input", job);
  }
  if (paths.empty()) {
    return InvalidArgument("job '{}' reads an input '{}'; name its files with --input {}=PATH", job,
                           declared.name, declared.name);
  }
  for (const std::string& path : paths) {
    if (!std::filesystem::path(path).is_absolute()) {
      return InvalidArgument("the input '{}' is not an absolute path; give it as /…", path);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFixedRecords(const v1::InputPlan& input, const std::string& job) {
  if (input.record_bytes() == 0) {
    return Internal("job '{}' reads fixed-length records but declares no record length", job);
  }
  for (const v1::InputFile& file : input.files()) {
    if (file.compression() == v1::COMPRESSION_NONE && file.bytes() % input.record_bytes() != 0) {
      return InvalidArgument(
          "'{}' is {} bytes long, no multiple of the {}-byte records that job '{}' reads; it may "
          "be truncated",
          file.path(), file.bytes(), input.record_bytes(), job);
    }
  }
  return absl::OkStatus();
}

absl::Status PlanFiles(const InputDeclaration& declared, const Paths& paths,
                       const v1::JobRequest& request, v1::InputPlan* input) {
  GM_RETURN_IF_ERROR(CheckPaths(declared, paths, request.job()));
  GM_ASSIGN_OR_RETURN(std::vector<v1::InputFile> files, FindInputFiles(paths));
  for (v1::InputFile& file : files) *input->add_files() = std::move(file);
  if (declared.spec.format == InputFormat::kFixedRecords) {
    input->set_record_bytes(declared.spec.record_bytes);
    GM_RETURN_IF_ERROR(CheckFixedRecords(*input, request.job()));
  }
  if (request.output().empty()) return absl::OkStatus();
  GM_RETURN_IF_ERROR(CheckOutputOutsideInputs(request, paths));
  return CheckInputsOutsideOutput(request, *input);
}

absl::Status CheckSizes(const v1::JobPlan& plan) {
  int files = 0;
  for (const v1::InputPlan& input : plan.inputs()) files += input.files_size();
  if (plan.ByteSizeLong() > kPlanBytesMax) {
    return InvalidArgument(
        "the names of the {} input files take {}, more than the {} that a job may have; join them "
        "into fewer files",
        files, FormatBytes(plan.ByteSizeLong()), FormatBytes(kPlanBytesMax));
  }
  for (const v1::InputPlan& input : plan.inputs()) {
    if (input.format() == v1::INPUT_FORMAT_WHOLE_FILES) continue;
    std::uint64_t splits = 0;
    for (const v1::InputFile& file : input.files()) {
      splits += file.bytes() / plan.request().split_bytes() + 1;
    }
    if (splits > kMapTasksMax) {
      return InvalidArgument("splits of {} would make more than {} map tasks; raise --split-size",
                             FormatBytes(plan.request().split_bytes()), kMapTasksMax);
    }
  }
  return absl::OkStatus();
}

// A record is skipped by path and offset, whichever input it is read for.
absl::Status CheckSkips(const v1::JobPlan& plan) {
  if (plan.request().skip_bad_records() == 0 || plan.inputs_size() < 2) return absl::OkStatus();
  std::map<std::string_view, const v1::InputPlan*> readers;
  for (const v1::InputPlan& input : plan.inputs()) {
    for (const v1::InputFile& file : input.files()) {
      const v1::InputPlan& other = *readers.try_emplace(file.path(), &input).first->second;
      if (other.format() == input.format() && other.record_bytes() == input.record_bytes())
        continue;
      return InvalidArgument(
          "'{}' is read as records of two kinds, by the inputs '{}' and '{}', so none of them "
          "could "
          "be skipped; leave out --skip-bad-records",
          file.path(), other.name(), input.name());
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanInputs(const JobDeclaration& declared, v1::JobPlan* plan) {
  v1::JobRequest* const request = plan->mutable_request();
  const std::vector<InputDeclaration>& inputs = declared.inputs;
  if (inputs.empty()) return InvalidArgument("job '{}' declares no input", request->job());
  GM_RETURN_IF_ERROR(CheckNames(inputs, request->job()));
  GM_ASSIGN_OR_RETURN(const std::vector<Paths> paths, inputs.front().name.empty()
                                                          ? UnnamedPaths(request)
                                                          : NamedPaths(inputs, request));
  GM_RETURN_IF_ERROR(CheckSplits(inputs, request));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    v1::InputPlan* const input = plan->add_inputs();
    input->set_name(inputs[i].name);
    input->set_format(MessageOf(inputs[i].spec.format));
    GM_RETURN_IF_ERROR(IsRange(inputs[i]) ? PlanRange(inputs[i], paths[i], request->job(), input)
                                          : PlanFiles(inputs[i], paths[i], *request, input));
  }
  GM_RETURN_IF_ERROR(CheckSkips(*plan));
  return CheckSizes(*plan);
}

}  // namespace gristmill::coordinator
