// What clients submit. Any request is refused with a sentence, leaving nothing behind, or becomes a
// plan whose stages and splits add up and whose output can be given up without a trace.
#include <fcntl.h>

#include <set>

#include "base/status.h"
#include "coordinator/admission.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/test_jobs.h"
#include "storage/split_planner.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/quiet.h"

namespace gristmill::fuzz {
namespace {

namespace fs = std::filesystem;

const ScratchDirectory& Scratch() {
  static const ScratchDirectory scratch;
  return scratch;
}

// Something to read, and an output of an earlier job.
void MakeFiles() {
  fs::create_directories(Scratch().path("in/deep"));
  fs::create_directories(Scratch().path("old"));
  Scratch().Write("in/a.txt", "some words\nand more\n");
  Scratch().Write("in/records", std::string(50, 'r'));
  Scratch().Write("in/deep/_hidden", "not read");
  Scratch().Write("in/deep/b.gz", "\x1f\x8b\x08 not really");
  Scratch().Write("old/part-00000-of-00001", "an earlier result\n");
  Scratch().Write("old/_SUCCESS", "");
}

std::set<std::string> Tree() {
  std::set<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(Scratch().path())) {
    paths.insert(entry.path().string());
  }
  return paths;
}

// Keeps what the fuzzer thinks of within the scratch directory. An absolute path stays one.
std::string Confined(std::string path) {
  for (std::size_t at; (at = path.find("..")) != std::string::npos;) path.replace(at, 2, "./");
  // Braces of a glob may name another place after the first.
  for (char& c : path) {
    if (c == ',') c = '/';
  }
  return path.starts_with('/') ? Scratch().path() + path : path;
}

void CheckPlan(const v1::JobPlan& plan) {
  const coordinator::JobShape shape = coordinator::ShapeOf(plan);
  Expect(!shape.stages.empty() && shape.max_attempts > 0, "a job of nothing");
  Expect(shape.stages.size() == static_cast<std::size_t>(plan.stages_size()), "other stages");
  std::uint64_t tasks = 0;
  const SplitTable splits(plan);
  for (int i = 0; i < plan.stages_size(); ++i) {
    const v1::StagePlan& stage = plan.stages(i);
    tasks += stage.task_count();
    for (const v1::StageEdge& edge : stage.inputs()) {
      Expect(edge.from_stage() < static_cast<std::uint32_t>(i), "stage {} reads a later one", i);
    }
    if (stage.kind() == v1::STAGE_KIND_MAP) {
      Expect(stage.task_count() == splits.size(), "{} maps", stage.task_count());
    }
  }
  std::uint64_t bytes = 0, input_bytes = 0;
  input_bytes = InputBytes(plan);
  for (std::uint32_t i = 0; i < splits.size() && i < 1'000; ++i) bytes += splits.Get(i).length();
  if (splits.size() <= 1'000) Expect(bytes == input_bytes, "{} of {}", bytes, input_bytes);
  if (tasks > 10'000) return;
  coordinator::Coordinator core({});
  const auto output = core.Step(coordinator::SubmitJob{shape}, {});
  Expect(!output.records.empty(), "the core takes no notice of the job");
}

void Submit(v1::JobRequest request) {
  for (std::string& input : *request.mutable_inputs()) input = Confined(input);
  request.set_output(Confined(request.output()));
  MakeFiles();
  const std::set<std::string> before = Tree();
  auto admitted = coordinator::Admit(request, "the fuzzer");
  if (admitted.ok()) {
    CheckPlan(admitted->plan);
    if (admitted->output.has_value()) admitted->output->Abandon();
  } else {
    const std::string sentence = Message(admitted.status());
    Expect(sentence.size() > 10 && !sentence.ends_with('.'), "'{}'", sentence);
    Expect(!absl::IsInternal(admitted.status()) && !absl::IsUnknown(admitted.status()), "{}",
           admitted.status().ToString());
  }
  const std::set<std::string> after = Tree();
  for (const std::string& path : before) Expect(after.contains(path), "'{}' is gone", path);
  // Directories above the output may stay; nothing else.
  const std::string output = fs::path(request.output()).lexically_normal().string();
  for (const std::string& path : after) {
    if (before.contains(path)) continue;
    Expect(fs::is_directory(path) && output.starts_with(path + "/"), "'{}' is left", path);
  }
  for (const std::string& path : after) {
    if (!before.contains(path)) fs::remove_all(path);
  }
}

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool kRegistered =
      gristmill::fuzz::BeQuiet() && gristmill::coordinator::RegisterTestJobs();
  gristmill::v1::JobRequest request;
  if (kRegistered && request.ParseFromArray(data, static_cast<int>(size))) {
    gristmill::fuzz::Submit(std::move(request));
  }
  return 0;
}
