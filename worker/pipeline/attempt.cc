#include "worker/pipeline/attempt.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/report_limits.h"
#include "base/units.h"
#include "storage/file.h"
#include "storage/job_formats.h"
#include "storage/output_directory.h"
#include "storage/side_files.h"
#include "worker/pipeline/block_source.h"
#include "worker/pipeline/heavy_key.h"
#include "worker/pipeline/merge_plan.h"
#include "worker/pipeline/run_file_writer.h"
#include "worker/pipeline/shuffle_input.h"
#include "worker/pipeline/skipping_source.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {
namespace {

// Of a stage that is read for its results alone.
class NoRuns final : public RunSink {
 public:
  void BeginRun() override {
    throw TaskError("the task emits pairs, but no stage of the job reads them");
  }
  void Append(std::uint32_t, std::string_view, std::uint64_t) override { BeginRun(); }
  void EndRun() override {}
};

// A directory for a task's scratch files, gone with everything in it at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {
    ThrowIfError(MakeDirectories(path_));
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

}  // namespace

RunFileId Attempt::run_file_id() const {
  return {{JobId(job_.job), assignment_.id().stage(), assignment_.id().task()}, attempt()};
}

void Attempt::Run(v1::TaskReport* report) {
  ThrowIfCancelled(control_.cancelled);
  if (!role_.is_planned()) {
    throw TaskError("the assignment names a stage that the job does not have");
  }
  const JobInfo* const info = job_.info != nullptr ? job_.info : FindJob(job_.plan.request().job());
  if (info == nullptr) {
    throw TaskError(
        fmt::format("this worker's binary has no job '{}'; start all workers with the "
                    "binary that submitted it",
                    job_.plan.request().job()));
  }
  ThrowIfError(MakeDirectories(JobSpillDirectory(job_.spill_directory, job_.job)));
  if (role_.WritesOutput() && !job_.plan.staging_directory().empty()) {
    files_.emplace(AttemptFilesDirectory(job_.plan.staging_directory(), assignment_.id().task(),
                                         job_.plan.output_files(), attempt()),
                   assignment_.id().task(), job_.plan.output_files());
  }
  const auto& params = job_.plan.request().params();
  const std::unique_ptr<TaskRunner> runner =
      info->make_task(ParamMap(params.begin(), params.end()), MakeTaskInfo());
  RunStage(*info, *runner, report);
  Tell(*info, report);
  CountTimes();
  for (const auto& [name, value] : counters_) {
    v1::Counter* const counter = report->add_counters();
    counter->set_name(name);
    counter->set_value(value);
  }
}

void Attempt::CountOf(const TaskRunner& runner) {
  for (const CounterValue& counter : runner.counters()) {
    if (!IsUtf8(counter.name)) throw TaskError("the name of a counter is not UTF-8; rename it");
    if (counter.name.size() > kCounterNameBytesMax) {
      throw TaskError(fmt::format("the name of a counter takes more than {} bytes; shorten it",
                                  kCounterNameBytesMax));
    }
    counters_[counter.name] += counter.value;
  }
  if (counters_.size() > kJobCountersMax) {
    throw TaskError(
        fmt::format("the job made more than {} counters; count fewer names", kJobCountersMax));
  }
}

void Attempt::Tell(const JobInfo& info, v1::TaskReport* report) const {
  const TaskNotes& notes = control_.notes;
  report->set_input_bytes(notes.input_bytes());
  if (v1::HeavyKey heavy = notes.HeavyKey(info.key_type); heavy.pairs() > 0) {
    *report->mutable_heavy_key() = std::move(heavy);
  }
  report->mutable_peers()->Add(peers_.begin(), peers_.end());
}

void Attempt::CountTimes() {
  clock_.Enter(PipelineStage::kFramework);
  for (std::size_t i = 0; i < kPipelineStages; ++i) {
    const auto stage = static_cast<PipelineStage>(i);
    if (const std::uint64_t us = clock_.TakeMicroseconds(stage); us > 0) {
      Count(std::string(CounterNameOf(stage)), us);
    }
  }
}

TaskInfo Attempt::MakeTaskInfo() {
  TaskInfo info;
  info.job = job_.job;
  info.stage = assignment_.id().stage();
  info.task = assignment_.id().task();
  info.attempt = assignment_.attempt();
  info.partitions = role_.CountPartitions();
  info.memory_bytes = role_.RunnerMemoryBytes(job_.task_memory_bytes);
  info.input_path = assignment_.split().path();
  info.input_offset = assignment_.split().offset();
  info.input_bytes = assignment_.split().length();
  info.output_format = FormatOf(job_.plan.output_format()).value_or(OutputFormat::kText);
  info.mark = control_.mark;
  info.cancelled = &control_.cancelled;
  info.status = &control_.notes;
  info.directory = job_.directory;
  info.cache = job_.cache.get();
  info.files = files_ ? &*files_ : nullptr;
  info.gpus.assign(assignment_.gpus().begin(), assignment_.gpus().end());
  info.inputs = &plan_inputs_;
  // Both want to know the line at which the job's code dies.
  info.lines_one_by_one = assignment_.alone() || job_.plan.request().skip_bad_records() > 0;
  for (const v1::StageEdge& edge : role_.stage().inputs()) {
    if (edge.kind() != v1::EDGE_KIND_BROADCAST) continue;
    const auto found = inputs_.broadcasts.find(edge.from_stage());
    if (found == inputs_.broadcasts.end()) {
      throw TaskError(fmt::format("the results of stage {} have not arrived", edge.from_stage()));
    }
    info.broadcasts.push_back(found->second);
  }
  return info;
}

std::vector<MapOutput> Attempt::UpstreamOutputs() const {
  std::vector<MapOutput> all;
  for (const v1::StageEdge& edge : role_.stage().inputs()) {
    if (edge.kind() != v1::EDGE_KIND_SHUFFLE) continue;
    const auto found = inputs_.sources.find(edge.from_stage());
    if (found == inputs_.sources.end()) {
      throw TaskError(
          fmt::format("the list of map outputs of stage {} has not arrived", edge.from_stage()));
    }
    const std::vector<MapOutput> outputs = MapOutputsOf(*found->second);
    // The plan's tasks are there from the beginning; some may have been cut since.
    const auto& upstream = job_.plan.stages(static_cast<int>(edge.from_stage()));
    if (outputs.size() + found->second->left_out() < upstream.task_count()) {
      throw TaskError(fmt::format("the list of map outputs of stage {} lacks some of the plan's",
                                  edge.from_stage()));
    }
    all.insert(all.end(), outputs.begin(), outputs.end());
  }
  return all;
}

CountingSource Attempt::OpenInput(bool sampled) {
  SourceOptions options;
  if (role_.stage().input() >= static_cast<std::uint32_t>(job_.plan.inputs_size())) {
    throw TaskError("the job's plan has a stage that reads an input which it does not have");
  }
  const v1::InputPlan& input = job_.plan.inputs(static_cast<int>(role_.stage().input()));
  options.format = input.format();
  options.record_bytes = input.record_bytes();
  options.record_bytes_max = RecordBytesMax(job_.task_memory_bytes);
  if (role_.stage().may_be_cut() && !sampled) options.cut = &control_.cut;
  const auto open = sampled ? MakeSampledSource : MakeBlockSource;
  auto source = open(assignment_.split(), options, control_.cancelled);
  const auto& skipped = assignment_.skip_offsets();
  if (!skipped.empty()) {
    source = SkipRecords(std::move(source), options, assignment_.split().path(),
                         {skipped.begin(), skipped.end()});
  }
  return {std::move(source), input, &control_.records};
}

OutputWriter Attempt::OpenOutput(const JobInfo& info) const {
  std::string path;
  if (!job_.plan.staging_directory().empty()) {
    path = AttemptFilePath(job_.plan.staging_directory(), assignment_.id().task(),
                           job_.plan.output_files(), attempt());
  }
  return {path, job_.plan.output_format(), {info.key_type, info.value_type}};
}

void Attempt::RunStage(const JobInfo& info, TaskRunner& runner, v1::TaskReport* report) {
  switch (role_.stage().kind()) {
    case v1::STAGE_KIND_SAMPLE:
      return RunSample(runner, report);
    case v1::STAGE_KIND_MAP:
      role_.WritesOutput() ? RunMapOnly(info, runner) : RunMap(runner);
      break;
    case v1::STAGE_KIND_REDUCE:
      RunReduce(info, runner);
      break;
    default:
      throw TaskError("the job's plan has a stage of unknown kind; submit the job again");
  }
  if (role_.ReaderBy(v1::EDGE_KIND_BROADCAST) == nullptr) return;
  std::string result = runner.TakeResult(role_.ResultBytesMax());
  if (result.size() > role_.ResultBytesMax()) {
    throw TaskError(fmt::format(
        "the task's result, which all tasks of a later stage get, takes {}, and {} is the most "
        "with so many tasks and stages; let it hold less, or use fewer partitions or rounds",
        FormatBytes(result.size()), FormatBytes(role_.ResultBytesMax())));
  }
  report->set_result(std::move(result));
}

void Attempt::RunSample(TaskRunner& runner, v1::TaskReport* report) {
  const InStage sampling(clock_, PipelineStage::kSample);
  CountingSource input = OpenInput(/*sampled=*/true);
  std::string keys = runner.RunSample(input, role_.ResultBytesMax());
  ThrowIfCancelled(control_.cancelled);  // which its code may have seen before the source did
  if (keys.size() > kReportResultBytesMax) {
    throw TaskError(fmt::format("the sampled keys take {}, and {} is the most; use shorter keys",
                                FormatBytes(keys.size()), FormatBytes(kReportResultBytesMax)));
  }
  CountOf(runner);
  report->set_result(std::move(keys));
}

void Attempt::WriteRuns(const TaskRunner& runner, const std::function<void(RunSink&)>& write) {
  if (role_.ReaderBy(v1::EDGE_KIND_SHUFFLE) == nullptr) {
    NoRuns none;
    write(none);
    ThrowIfCancelled(control_.cancelled);
    return CountOf(runner);
  }
  RunFileWriter runs(RunFilePath(job_.spill_directory, job_.job, assignment_.id().stage(),
                                 assignment_.id().task(), assignment_.attempt()),
                     run_file_id(), role_.CountPartitions());
  {
    TimedRuns timed_runs(runs, clock_);
    write(timed_runs);
  }
  ThrowIfCancelled(control_.cancelled);
  CountOf(runner);
  const InStage spilling(clock_, PipelineStage::kSpill);
  runs.Finish();
  Count("spilled_bytes", runs.bytes());
  Count("spilled_runs", runs.runs());
}

void Attempt::WriteOutput(const JobInfo& info, const TaskRunner& runner,
                          const std::function<void(OutputSink&)>& write) {
  OutputWriter output = OpenOutput(info);
  {
    TimedOutput timed_output(output, clock_);
    write(timed_output);
  }
  ThrowIfCancelled(control_.cancelled);
  CountOf(runner);
  const InStage writing(clock_, PipelineStage::kWrite);
  if (files_) files_->Close();
  output.Finish();
  Count("output_bytes", output.bytes());
  if (!files_) return;
  files_->Keep();
  Count("side_files", files_->files());
  Count("side_file_bytes", files_->bytes());
}

void Attempt::RunMap(TaskRunner& runner) {
  CountingSource input = OpenInput(/*sampled=*/false);
  WriteRuns(runner, [&](RunSink& runs) {
    TimedInput timed_input(input, clock_);
    const InStage mapping(clock_, PipelineStage::kMap);
    runner.RunMap(timed_input, runs);
  });
  Count("input_bytes", input.bytes());
}

void Attempt::RunMapOnly(const JobInfo& info, TaskRunner& runner) {
  CountingSource input = OpenInput(/*sampled=*/false);
  WriteOutput(info, runner, [&](OutputSink& output) {
    TimedInput timed_input(input, clock_);
    const InStage mapping(clock_, PipelineStage::kMap);
    runner.RunMapOnly(timed_input, output);
  });
  Count("input_bytes", input.bytes());
}

void Attempt::RunReduce(const JobInfo& info, TaskRunner& runner) {
  const ScratchDirectory scratch(fmt::format(
      "{}/stage-{}-task-{}-attempt-{}.scratch", JobSpillDirectory(job_.spill_directory, job_.job),
      assignment_.id().stage(), assignment_.id().task(), assignment_.attempt()));
  const std::uint32_t partition = assignment_.id().task();
  clock_.Enter(PipelineStage::kFetch);
  ShuffleInput input = CollectShuffleInput(
      UpstreamOutputs(), {partition, scratch.path(), job_.shuffle}, control_.cancelled);
  control_.notes.SetInputBytes(input.bytes);
  peers_ = std::move(input.peers);
  clock_.Enter(PipelineStage::kMerge);
  const std::uint64_t merge_bytes =
      job_.task_memory_bytes - role_.RunnerMemoryBytes(job_.task_memory_bytes);
  MergeStatistics merged;
  const std::unique_ptr<PairSource> pairs = MergeSegments(
      std::move(input.segments), {merge_bytes, scratch.path(), run_file_id(), partition},
      control_.cancelled, &control_.records, &merged);
  clock_.Enter(PipelineStage::kFramework);
  HeavyKeyWatch watched(*pairs, [this](std::string_view key, std::uint64_t count) {
    control_.notes.SetHeavyKey(key, count);
  });
  TimedPairs timed_pairs(watched, clock_);
  if (role_.WritesOutput()) {
    WriteOutput(info, runner, [&](OutputSink& output) {
      const InStage reducing(clock_, PipelineStage::kReduce);
      runner.RunReduce(timed_pairs, output);
    });
  } else {
    WriteRuns(runner, [&](RunSink& runs) {
      const InStage reducing(clock_, PipelineStage::kReduce);
      runner.RunReduceToRuns(timed_pairs, runs);
    });
  }
  Count("shuffle_bytes", input.bytes);
  Count("spilled_bytes", merged.scratch_bytes);
  Count("spilled_runs", merged.scratch_runs);
  Count("merge_scratch_bytes", merged.scratch_bytes);
}

}  // namespace gristmill::worker
