#include "coordinator/admission.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/request_limits.h"
#include "base/status.h"
#include "base/units.h"
#include "coordinator/input_planning.h"
#include "coordinator/output_place.h"
#include "coordinator/stage_planning.h"
#include "gristmill/edit_distance.h"
#include "gristmill/registry.h"
#include "storage/job_formats.h"
#include "storage/output_directory.h"

namespace gristmill::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kPartitionsMax = 100'000;
constexpr std::uint64_t kDefaultMemoryBytes = std::uint64_t{1} << 30;
constexpr std::uint32_t kDefaultMaxAttempts = 4;
constexpr std::uint32_t kMaxAttemptsMax = 1'000;
constexpr std::uint32_t kTaskCpusMax = 10'000;
constexpr std::uint32_t kSkippedRecordsMax =
    1'000;  // the coordinator keeps each until the job ends
constexpr std::uint64_t kHoldMsMax = std::uint64_t{30} * 24 * 3'600'000;
constexpr std::uint32_t kCacheShare = 2;  // of the memory of a job that caches: a half

absl::StatusOr<const JobInfo*> FindJobOrExplain(const std::string& name) {
  if (name.empty()) {
    return InvalidArgument("the request names no job; 'gristmill jobs' lists them");
  }
  if (const JobInfo* info = FindJob(name)) return info;
  std::vector<std::string> names;
  for (const auto& [known, info] : RegisteredJobs()) names.push_back(known);
  const std::string_view nearest = NearestName(name, names);
  if (nearest.empty()) {
    return NotFound("there is no job '{}'; 'gristmill jobs' lists them", name);
  }
  return NotFound("there is no job '{}'; did you mean '{}'?", name, nearest);
}

// `by_default`: what the job has when the request does not say.
absl::Status CheckPartitions(std::uint32_t by_default, v1::JobRequest* request) {
  if (!request->has_partitions()) request->set_partitions(by_default);
  if (request->partitions() == 0) {
    return InvalidArgument("a job needs at least one partition; leave --partitions out for {}",
                           by_default);
  }
  if (request->partitions() > kPartitionsMax) {
    return InvalidArgument("{} partitions are more than the {} that a job may have; ask for fewer",
                           request->partitions(), kPartitionsMax);
  }
  return absl::OkStatus();
}

absl::Status CheckMemoryAndAttempts(v1::JobRequest* request) {
  if (request->memory_bytes() == 0) request->set_memory_bytes(kDefaultMemoryBytes);
  if (request->memory_bytes() < kMemoryBytesMin) {
    return InvalidArgument("a memory budget of {} is too small; give at least {}",
                           FormatBytes(request->memory_bytes()), FormatBytes(kMemoryBytesMin));
  }
  if (request->max_attempts() == 0) request->set_max_attempts(kDefaultMaxAttempts);
  if (request->max_attempts() > kMaxAttemptsMax) {
    return InvalidArgument("{} attempts per task are more than the {} that are allowed",
                           request->max_attempts(), kMaxAttemptsMax);
  }
  return absl::OkStatus();
}

absl::Status CheckSkips(const DescribedJob& job, const v1::JobRequest& request) {
  if (request.skip_bad_records() == 0) return absl::OkStatus();
  if (request.skip_bad_records() > kSkippedRecordsMax) {
    return InvalidArgument(
        "{} bad records are more than the {} that a job may skip; so many are no exceptions, so "
        "mend "
        "the input or the job",
        request.skip_bad_records(), kSkippedRecordsMax);
  }
  const auto& inputs = job.declared.inputs;
  const bool counts = std::all_of(inputs.begin(), inputs.end(), [](const InputDeclaration& input) {
    return input.spec.format == InputFormat::kIntegerRange;
  });
  if (counts) {
    return InvalidArgument(
        "job '{}' counts over integers and reads no records; leave out "
        "--skip-bad-records",
        job.name);
  }
  if (!job.declared.knows_records) {
    return InvalidArgument(
        "of job '{}' it can't be told at which record it fails, so none could be skipped; leave "
        "out --skip-bad-records",
        job.name);
  }
  if (!job.writes_output) {
    return InvalidArgument(
        "job '{}' writes no output, in which skipped records could be set aside; leave out "
        "--skip-bad-records",
        job.name);
  }
  if (request.max_attempts() == 1) {
    return InvalidArgument(
        "a record is skipped when two attempts died at it, and --max-attempts 1 allows but one; "
        "allow more, or leave out --skip-bad-records");
  }
  return absl::OkStatus();
}

absl::Status CheckResources(v1::JobRequest* request) {
  if (!request->has_task_cpus()) request->set_task_cpus(1);
  if (request->task_cpus() == 0) {
    return InvalidArgument("a task needs at least one CPU; leave --task-cpus out for one");
  }
  if (request->task_cpus() > kTaskCpusMax) {
    return InvalidArgument("--task-cpus {} is more than the {} slots that a worker may have",
                           request->task_cpus(), kTaskCpusMax);
  }
  if (request->task_gpus() > kGpusMax) {
    return InvalidArgument("--task-gpus {} is more than the {} that a worker may have",
                           request->task_gpus(), kGpusMax);
  }
  const std::vector<std::string> labels =
      SortedLabels({request->required_labels().begin(), request->required_labels().end()});
  request->mutable_required_labels()->Assign(labels.begin(), labels.end());
  if (const absl::Status valid = CheckLabels(labels); !valid.ok()) {
    return InvalidArgument("--require: {}", Message(valid));
  }
  return absl::OkStatus();
}

absl::Status CheckFailureLimits(const JobDeclaration& declared, const v1::JobRequest& request) {
  if (request.task_timeout_ms() > 0 && request.task_timeout_percent() > 0) {
    return InvalidArgument(
        "a task's time is limited by itself and by the median of its stage; give one of the two");
  }
  if (request.task_timeout_percent() > 0 && request.task_timeout_percent() <= 100) {
    return InvalidArgument(
        "--task-timeout {}% would stop every second task; give more than 100% of the median, such "
        "as 300%",
        request.task_timeout_percent());
  }
  const bool reads_whole =
      std::any_of(declared.stages.begin(), declared.stages.end(),
                  [](const StageDeclaration& stage) { return !stage.whole_inputs.empty(); });
  if (request.task_timeout_percent() > 0 && (reads_whole || declared.caches)) {
    return InvalidArgument(
        "of job '{}' the first tasks of each worker {}, which later ones find done, so that the "
        "median does not stand for them; give --task-timeout as a time, such as 10m",
        request.job(), reads_whole ? "read an input whole" : "make what the job caches");
  }
  if (request.halt_failures() > 0 && request.halt_percent() > 0) {
    return InvalidArgument(
        "--halt takes a number of tasks or a share of them; give one of the two");
  }
  if (request.halt_percent() > 100) {
    return InvalidArgument("--halt fail={}% is more than all tasks; give at most 100%",
                           request.halt_percent());
  }
  if (request.hold_ms() > kHoldMsMax) {
    return InvalidArgument("--hold is longer than the 720h for which a job is kept at most");
  }
  return absl::OkStatus();
}

// Makes request->output a normal absolute path, so that equal directories are equal strings.
absl::Status CheckOutputPath(const DescribedJob& job, v1::JobRequest* request) {
  if (!job.writes_output) {
    if (request->output().empty()) return absl::OkStatus();
    return InvalidArgument("job '{}' writes no output; leave out --output", job.name);
  }
  if (request->output().empty()) {
    return InvalidArgument("the job needs an output directory; name one with --output");
  }
  if (!fs::path(request->output()).is_absolute()) {
    return InvalidArgument("the output directory '{}' is not an absolute path; give it as /…",
                           request->output());
  }
  std::string normal = NormalOutputPath(FollowDotDot(request->output()));
  if (normal == "/") {
    return InvalidArgument("the output directory can't be '/'; name one of its own");
  }
  request->set_output(std::move(normal));
  return absl::OkStatus();
}

absl::Status PlanOutputFormat(OutputFormat declared, v1::JobPlan* plan) {
  const v1::OutputFormat asked = plan->request().output_format();
  if (asked != v1::OUTPUT_FORMAT_UNSPECIFIED && !FormatOf(asked)) {
    return InvalidArgument("output format {} is unknown to this coordinator",
                           static_cast<int>(asked));
  }
  plan->set_output_format(asked == v1::OUTPUT_FORMAT_UNSPECIFIED ? MessageOf(declared) : asked);
  plan->mutable_request()->set_output_format(plan->output_format());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DescribedJob> DescribeJob(const JobInfo& job, const v1::JobRequest& request) {
  const ParamMap params(request.params().begin(), request.params().end());
  // The job's code runs in this process here, and only here: its exceptions must not end it.
  try {
    if (std::string problem = job.check_params(params); !problem.empty()) {
      return InvalidArgument("{}", problem);
    }
    return DescribedJob{job.name, job.writes_output, job.declare(params)};
  } catch (const std::exception& error) {
    return InvalidArgument("job '{}' refuses its parameters: {}", job.name, error.what());
  }
}

absl::StatusOr<DescribedJob> DescribeOwnJob(const v1::JobRequest& request) {
  if (!request.object().empty()) {
    return InvalidArgument(
        "the job is in the shared object '{}', which this command does not load; use 'gristmill "
        "run' or 'gristmill submit'",
        request.object());
  }
  GM_ASSIGN_OR_RETURN(const JobInfo* const job, FindJobOrExplain(request.job()));
  return DescribeJob(*job, request);
}

absl::Status CheckRequestSize(const v1::JobRequest& request) {
  std::size_t params_bytes = 0;
  for (const auto& [name, value] : request.params()) params_bytes += name.size() + value.size();
  if (params_bytes > kParamsBytesMax) {
    return InvalidArgument(
        "the parameters take {}, and {} is the most; put what is large into an input file",
        FormatBytes(params_bytes), FormatBytes(kParamsBytesMax));
  }
  return CheckRequestBytes(request.ByteSizeLong());
}

namespace {

// All but the output directory.
absl::StatusOr<v1::JobPlan> PlanJob(const v1::JobRequest& request, const Describe& describe) {
  GM_RETURN_IF_ERROR(CheckRequestSize(request));
  GM_ASSIGN_OR_RETURN(const DescribedJob described, describe(request));
  const JobDeclaration& declared = described.declared;
  v1::JobPlan plan;
  *plan.mutable_request() = request;
  plan.mutable_request()->set_job(described.name);
  GM_RETURN_IF_ERROR(CheckStages(declared, described.name));
  GM_RETURN_IF_ERROR(CheckPartitions(declared.partitions, plan.mutable_request()));
  GM_RETURN_IF_ERROR(CheckMemoryAndAttempts(plan.mutable_request()));
  GM_RETURN_IF_ERROR(CheckResources(plan.mutable_request()));
  GM_RETURN_IF_ERROR(CheckFailureLimits(declared, plan.request()));
  GM_RETURN_IF_ERROR(CheckSkips(described, plan.request()));
  GM_RETURN_IF_ERROR(CheckOutputPath(described, plan.mutable_request()));
  GM_RETURN_IF_ERROR(PlanOutputFormat(declared.output_format, &plan));
  GM_RETURN_IF_ERROR(PlanInputs(declared, &plan));
  GM_RETURN_IF_ERROR(PlanStages(declared, &plan));
  if (declared.caches) plan.set_cache_bytes(plan.request().memory_bytes() / kCacheShare);
  return plan;
}

}  // namespace

absl::StatusOr<v1::JobPlan> PlanDryRun(const v1::JobRequest& request, const Describe& describe) {
  GM_ASSIGN_OR_RETURN(v1::JobPlan plan, PlanJob(request, describe));
  const std::string& output = plan.request().output();
  if (!output.empty()) {
    GM_RETURN_IF_ERROR(StagedOutput::Check(output, plan.request().overwrite()));
  }
  return plan;
}

absl::StatusOr<AdmittedJob> Admit(const v1::JobRequest& request, std::string_view owner,
                                  const Describe& describe) {
  AdmittedJob job;
  GM_ASSIGN_OR_RETURN(job.plan, PlanJob(request, describe));
  const v1::JobRequest& planned = job.plan.request();
  if (planned.output().empty()) return job;
  GM_ASSIGN_OR_RETURN(
      StagedOutput output,
      StagedOutput::Prepare(planned.output(), planned.overwrite(), owner, planned.request_id()));
  job.plan.set_staging_directory(output.staging());
  job.output.emplace(std::move(output));
  return job;
}

TaskNeeds NeedsOf(const v1::JobRequest& request) {
  return {std::max(request.task_cpus(), 1u),
          request.task_memory_bytes(),
          request.task_gpus(),
          {request.required_labels().begin(), request.required_labels().end()}};
}

JobShape ShapeOf(const v1::JobPlan& plan) {
  JobShape shape;
  shape.name = plan.request().job();
  shape.max_attempts = plan.request().max_attempts();
  shape.has_output = !plan.staging_directory().empty();
  shape.skip_bad_records = plan.request().skip_bad_records();
  shape.needs = NeedsOf(plan.request());
  shape.halt = {std::max(plan.request().halt_failures(), 1u), plan.request().halt_percent()};
  shape.timeout_percent = plan.request().task_timeout_percent();
  shape.hold_ms = static_cast<DurationMs>(plan.request().hold_ms());
  const bool may_leave_out = shape.halt.failures > 1 || shape.halt.percent > 0;
  for (const v1::StagePlan& stage : plan.stages()) {
    StageShape& made = shape.stages.emplace_back();
    made.task_count = stage.task_count();
    // What is left out with a failed task must not depend on where tasks were cut.
    made.may_be_cut = stage.may_be_cut() && !may_leave_out;
    for (const v1::StageEdge& edge : stage.inputs()) {
      made.inputs.push_back({edge.from_stage(), edge.kind() == v1::EDGE_KIND_SHUFFLE
                                                    ? EdgeKind::kShuffle
                                                    : EdgeKind::kBroadcast});
    }
  }
  return shape;
}

}  // namespace gristmill::coordinator
