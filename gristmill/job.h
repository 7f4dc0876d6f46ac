// The job author's header: write a class, name it in GRISTMILL_JOB, link it into `gristmill`.
//
//   class WordCount {
//    public:
//     static constexpr std::string_view kName = "wordcount";
//     static constexpr std::string_view kSummary = "count the words of text files";
//     using Key = std::string;
//     using Value = std::uint64_t;
//     void Map(std::string_view line, gristmill::Emitter<WordCount>& out);
//     static Value Combine(Value a, Value b) { return a + b; }
//   };
//   GRISTMILL_JOB(WordCount);
//
// Optional members: kDetails, kTotalOrder, kOneTaskPerSplit, kGroupFields, kPartitions, kCaches,
// OutputKey, OutputValue, Declare, Validate, Input, Format, Setup, Reduce, Partition, TearDown. A
// task has its own object, used from one thread.
//
// Map(const Lines&, Emitter&) instead of a line takes many at once, where the job cuts words or
// seeks something in them: gristmill/words.h and literals.h are quick at that. How many is the
// framework's choice; a task that runs alone after a crash, or whose job may skip bad records, gets
// them one by one.
//
// A map task that takes long while others are done may have to leave the rest of its split to a new
// task. `static constexpr bool kOneTaskPerSplit = true` forbids that, where what Map emits depends
// on where splits begin and end: because it keeps something from one record to the next, say. It is
// the default of jobs with a TearDown(Emitter&), and of those that map ranges of integers and have
// no Combine.
//
// `context.random()` gives a task random numbers that are the same for each of its attempts, and
// `context.cancelled()` tells long loops when to stop: context.h. gristmill/top_n.h and histogram.h
// keep the n best and percentiles in little memory.
//
// `static constexpr std::size_t kGroupFields = 1` makes a secondary sort: with a Key that is, say,
// a std::pair<std::string, std::int64_t>, Reduce(std::string_view, Values&, Output&) gets all
// values of a first field in the order of the second, and values.key() is the whole key of the
// value at hand. Partition, if the job has one, is given the leading fields alone. A Combine folds
// what has the whole key in common.
//
// `static constexpr std::uint32_t kPartitions = 1` is how many output files the job has when nobody
// asks for another number, instead of 4.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gristmill/codec.h"         // IWYU pragma: export
#include "gristmill/context.h"       // IWYU pragma: export
#include "gristmill/emitter.h"       // IWYU pragma: export
#include "gristmill/hash.h"          // IWYU pragma: export
#include "gristmill/job_concepts.h"  // IWYU pragma: export
#include "gristmill/job_object.h"    // IWYU pragma: export
#include "gristmill/job_params.h"
#include "gristmill/output.h"      // IWYU pragma: export
#include "gristmill/params.h"      // IWYU pragma: export
#include "gristmill/records.h"     // IWYU pragma: export
#include "gristmill/registry.h"    // IWYU pragma: export
#include "gristmill/task.h"        // IWYU pragma: export
#include "gristmill/typed_task.h"  // IWYU pragma: export
#include "gristmill/values.h"      // IWYU pragma: export

namespace gristmill {

namespace internal {

template <typename J>
OutputFormat FormatOf(const J& job) {
  if constexpr (kDeclaresFormat<J>) {
    return job.Format();
  } else {
    return OutputFormat::kText;
  }
}

template <typename J>
consteval std::uint32_t PartitionsOf() {
  if constexpr (kDeclareskPartitions<J>) {
    return J::kPartitions;
  } else {
    return JobDeclaration::kPartitionsByDefault;
  }
}

// Empty, or what is wrong with the job's Input.
template <typename J>
std::string CheckInput(const InputSpec& input) {
  const std::string job = "job '" + std::string(J::kName) + "' ";
  const bool matches = input.format == InputFormat::kWholeFiles     ? MapsWholeFiles<J>
                       : input.format == InputFormat::kIntegerRange ? MapsRanges<J>
                       : input.format == InputFormat::kTextLines    ? MapsText<J> || MapsLines<J>
                                                                    : MapsText<J>;
  if (!matches) return job + "asks for input that its Map does not take; change Input or Map";
  if (input.format == InputFormat::kFixedRecords && input.record_bytes == 0) {
    return job + "asks for fixed records of 0 bytes; let Input set record_bytes";
  }
  if (input.format == InputFormat::kIntegerRange && input.range.end < input.range.begin) {
    return job + "asks for the integers from " + std::to_string(input.range.begin) + " to " +
           std::to_string(input.range.end) + "; the end must not be below the beginning";
  }
  return "";
}

template <typename J>
JobDeclaration Declare(const ParamMap& params) {
  J job;
  const std::string problem = BindParams(job, params);
  if (!problem.empty()) throw TaskError(problem);
  return {.inputs = {{.name = "", .spec = InputOf(job)}},
          .stages = StagesOfOneInput(!kMapOnly<J>, kIsTotalOrder<J>, kIsOneTaskPerSplit<J>),
          .output_format = FormatOf(job),
          .partitions = PartitionsOf<J>(),
          .caches = Caches<J>()};
}

template <typename J>
std::string CheckParams(const ParamMap& params) {
  J job;
  std::string problem = BindParams(job, params);
  if constexpr (kDeclaresValidate<J>) {
    if (problem.empty()) problem = job.Validate();
  }
  if (problem.empty()) problem = CheckInput<J>(InputOf(job));
  return problem;
}

// What every kind of job says of itself in the same words.
template <typename J>
JobInfo NamedInfo() {
  JobInfo info;
  info.name = J::kName;
  info.summary = J::kSummary;
  if constexpr (requires { J::kDetails; }) info.details = J::kDetails;
  return info;
}

}  // namespace internal

// Everything the framework needs of a job; a class that is no job does not compile.
template <typename J>
JobInfo MakeJobInfo() {
  JobInfo info;
  if constexpr (internal::CheckJob<J>()) {
    info = internal::NamedInfo<J>();
    info.params = internal::DeclaredParams<J>();
    info.key_type = TypeName<OutputKey<J>>();
    info.value_type = TypeName<OutputValue<J>>();
    info.writes_output = !internal::kWritesNothing<J>;
    info.check_params = internal::CheckParams<J>;
    info.declare = internal::Declare<J>;
    info.make_task = [](const ParamMap& params,
                        const TaskInfo& task) -> std::unique_ptr<TaskRunner> {
      return std::make_unique<internal::TypedTask<J>>(params, task);
    };
  }
  return info;
}

}  // namespace gristmill

#define GRISTMILL_CONCAT_(a, b) a##b
#define GRISTMILL_CONCAT(a, b) GRISTMILL_CONCAT_(a, b)

// Registers a job class before main, or when the shared object is loaded in which it is. In a .cc
// file, at namespace scope.
#define GRISTMILL_JOB(Job)                                                                \
  GRISTMILL_JOB_NOTE;                                                                     \
  [[maybe_unused]] static const bool GRISTMILL_CONCAT(gristmill_job_on_line_, __LINE__) = \
      ::gristmill::RegisterJob(::gristmill::MakeJobInfo<Job>())
