#include "cli/job_catalog.h"

#include <cstdio>
#include <optional>

#include "base/status.h"
#include "cli/exit_code.h"
#include "cli/job_flags.h"
#include "cli/json.h"
#include "cli/table.h"
#include "gristmill/edit_distance.h"
#include "gristmill/v1/report.pb.h"
#include "plugin/job_object.h"

namespace gristmill::cli {
namespace {

constexpr std::size_t kColumns = 80;

std::string_view NameOf(OutputFormat format) {
  switch (format) {
    case OutputFormat::kText:
      return "text";
    case OutputFormat::kFixedRecords:
      return "fixed";
    case OutputFormat::kRecordFile:
      return "records";
  }
  return "unknown";
}

// A parameter without which the job refuses to start, found by asking it; null if there is none.
const ParamInfo* RequiredParam(const JobInfo& job) {
  const std::string refusal = job.check_params({});
  for (const ParamInfo& param : job.params) {
    if (refusal.find("'" + param.name + "'") != std::string::npos) return &param;
  }
  return nullptr;
}

// " --input …" for each input that has files, as far as the job's defaults tell.
std::string ExampleOfInputs(const JobInfo& job) {
  if (!job.check_params({}).empty()) return " --input FILE_OR_DIRECTORY";
  std::string flags;
  for (const InputDeclaration& input : job.declare({}).inputs) {
    if (input.spec.format == InputFormat::kIntegerRange) continue;
    flags += " --input ";
    if (!input.name.empty()) flags += input.name + "=";
    flags += "FILE_OR_DIRECTORY";
  }
  return flags;
}

std::string ExampleOf(const JobInfo& job, const std::string& called) {
  std::string line = "gristmill run " + called + ExampleOfInputs(job);
  if (job.writes_output) line += " --output DIRECTORY";
  if (const ParamInfo* required = RequiredParam(job)) {
    line += fmt::format(" --param {}=…", required->name);
  } else if (!job.params.empty()) {
    const ParamInfo& first = job.params.front();
    const std::string& by_default = first.default_value;
    line += fmt::format(" --param {}={}", first.name,
                        first.type == "bool" ? "true"
                        : by_default.empty() ? "…"
                                             : by_default);
  }
  return line;
}

v1::JobDescription Describe(const JobInfo& job) {
  v1::JobDescription description;
  description.set_name(job.name);
  description.set_summary(job.summary);
  description.set_details(job.details);
  description.set_key_type(job.key_type);
  description.set_value_type(job.value_type);
  description.set_output_format(std::string(NameOf(job.declare({}).output_format)));
  for (const ParamInfo& param : job.params) {
    v1::ParamDescription& p = *description.add_params();
    p.set_name(param.name);
    p.set_type(param.type);
    p.set_default_value(param.default_value);
    p.set_help(param.help);
  }
  return description;
}

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int ShowOne(const std::string& name, bool json) {
  const JobInfo* job = FindJob(name);
  if (job == nullptr) {
    std::vector<std::string> names;
    for (const auto& entry : RegisteredJobs()) names.push_back(entry.first);
    const std::string nearest(NearestName(name, names));
    return Fail(NotFound("there is no job '{}'; {}", name,
                         nearest.empty() ? "'gristmill jobs' lists those there are"
                                         : "did you mean '" + nearest + "'?"));
  }
  Print(json ? ToJson(Describe(*job)) : RenderJobHelp(*job, name));
  return kDone;
}

int ShowAll(const JobMap& all, bool json, std::string_view how_to_explain_one) {
  if (json) {
    v1::JobCatalog catalog;
    for (const auto& entry : all) *catalog.add_jobs() = Describe(entry.second);
    Print(ToJson(catalog));
    return kDone;
  }
  std::vector<const JobInfo*> jobs;
  for (const auto& entry : all) jobs.push_back(&entry.second);
  Print(fmt::format("{}\n'{}' explains one.\n", RenderCatalog(jobs), how_to_explain_one));
  return kDone;
}

int ShowObject(const ObjectName& object, bool json) {
  const std::string file = object.path.substr(object.path.rfind('/') + 1);
  const absl::StatusOr<const JobMap*> jobs = plugin::LoadJobObject(object.path, file);
  if (!jobs.ok()) return Fail(jobs.status());
  if (object.job.empty() && (*jobs)->size() != 1) {
    return ShowAll(**jobs, json, fmt::format("gristmill jobs {}:NAME", object.path));
  }
  const absl::StatusOr<const JobInfo*> job = plugin::FindJobIn(**jobs, file, object.job);
  if (!job.ok()) return Fail(job.status());
  const std::string called = fmt::format("{}:{}", object.path, (*job)->name);
  Print(json ? ToJson(Describe(**job)) : RenderJobHelp(**job, called));
  return kDone;
}

}  // namespace

std::string RenderCatalog(const std::vector<const JobInfo*>& jobs) {
  Table table({"JOB", "WHAT IT DOES"});
  for (const JobInfo* job : jobs) table.AddRow({job->name, job->summary});
  return table.Render();
}

std::string RenderJobHelp(const JobInfo& job, const std::string& called) {
  std::string text = fmt::format("{}: {}\n", job.name, job.summary);
  if (!job.details.empty()) text += "\n" + WrapText(job.details, kColumns);
  text += fmt::format("\nOutput: key {}, value {}, written as {}\n", job.key_type, job.value_type,
                      NameOf(job.declare({}).output_format));
  if (!job.params.empty()) {
    Table table({"PARAMETER", "TYPE", "DEFAULT", "MEANING"});
    for (const ParamInfo& param : job.params) {
      table.AddRow({param.name, param.type, param.default_value.empty() ? "-" : param.default_value,
                    param.help});
    }
    text += "\n" + table.Render();
  }
  return text + "\nExample:\n  " + ExampleOf(job, called) + "\n";
}

int ShowJobs(const std::string& name, bool json) {
  if (const std::optional<ObjectName> object = ParseObjectName(name)) {
    return ShowObject(*object, json);
  }
  return name.empty() ? ShowAll(RegisteredJobs(), json, "gristmill jobs NAME")
                      : ShowOne(name, json);
}

}  // namespace gristmill::cli
