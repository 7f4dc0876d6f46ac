#include "coordinator/stage_planning.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "coordinator/input_planning.h"
#include "storage/file.h"
#include "storage/job_formats.h"
#include "storage/split_planner.h"
#include "storage/task_input.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kNameBytesMax = 64;

// Checks one declared job, stage by stage.
class StageCheck {
 public:
  StageCheck(const JobDeclaration& declared, const std::string& job)
      : declared_(declared), job_(job), readers_(declared.stages.size()) {}

  absl::Status Run() {
    const std::size_t count = declared_.stages.size();
    if (count == 0) return InvalidArgument("job '{}' declares no stage", job_);
    if (count > kStagesMax) {
      return InvalidArgument(
          "job '{}' has {} stages, more than the {} that a job may have; give it "
          "fewer steps or rounds",
          job_, count, kStagesMax);
    }
    for (std::size_t index = 0; index < count; ++index) {
      const std::string& name = declared_.stages[index].name;
      if (name.size() > kNameBytesMax || !IsUtf8(name)) {
        return Wrong(index, "has a name that is not UTF-8 or takes more than {} bytes; rename it",
                     kNameBytesMax);
      }
      GM_RETURN_IF_ERROR(CheckEdges(index));
      GM_RETURN_IF_ERROR(CheckKind(index));
    }
    return CheckEnds();
  }

 private:
  template <typename... Args>
  absl::Status Wrong(std::size_t stage, fmt::format_string<Args...> format, Args&&... args) const {
    return InvalidArgument("stage {} of job '{}' {}", stage, job_,
                           fmt::format(format, std::forward<Args>(args)...));
  }

  absl::Status CheckEdges(std::size_t index) {
    std::map<std::uint32_t, ReadBy> seen;
    for (const EdgeDeclaration& edge : declared_.stages[index].edges) {
      if (edge.stage >= declared_.stages.size()) {
        return Wrong(index, "reads stage {}, which it does not have", edge.stage);
      }
      if (edge.stage >= index) {
        return Wrong(index, "reads stage {}, which does not come before it: a cycle in a chain",
                     edge.stage);
      }
      const auto [other, is_new] = seen.emplace(edge.stage, edge.by);
      if (!is_new && other->second == edge.by) {
        return Wrong(index, "reads stage {} twice; once is enough", edge.stage);
      }
      if (edge.by == ReadBy::kShuffle) {
        GM_RETURN_IF_ERROR(CheckShuffle(index, edge.stage));
      }
      readers_[edge.stage].push_back(index);
    }
    return absl::OkStatus();
  }

  // The runs of a stage are cut into as many partitions as all of their readers have tasks.
  absl::Status CheckShuffle(std::size_t index, std::size_t from) const {
    if (declared_.stages[from].kind == StageKind::kSample) {
      return Wrong(index, "reads the sample stage {} by a shuffle; only a broadcast can", from);
    }
    for (const std::size_t other : readers_[from]) {
      const auto& edges = declared_.stages[other].edges;
      const bool shuffles = std::any_of(edges.begin(), edges.end(), [from](const auto& edge) {
        return edge.stage == from && edge.by == ReadBy::kShuffle;
      });
      if (!shuffles || declared_.stages[other].one_task == declared_.stages[index].one_task) {
        continue;
      }
      return Wrong(index,
                   "and stage {} read stage {} by a shuffle and differ in partitions; let "
                   "both have one task or neither",
                   other, from);
    }
    return absl::OkStatus();
  }

  absl::Status CheckKind(std::size_t index) const {
    const StageDeclaration& stage = declared_.stages[index];
    const bool shuffles =
        std::any_of(stage.edges.begin(), stage.edges.end(),
                    [](const EdgeDeclaration& edge) { return edge.by == ReadBy::kShuffle; });
    if (stage.kind == StageKind::kReduce && !shuffles) {
      return Wrong(index, "reduces, but reads no stage by a shuffle");
    }
    if (stage.kind != StageKind::kReduce && shuffles) {
      return Wrong(index, "maps an input and can't read a shuffle, too");
    }
    // Of a reduce stage, too: it reads none, but the number is used.
    if (stage.input >= declared_.inputs.size()) {
      return Wrong(index, "reads input {}, and there are {}", stage.input, declared_.inputs.size());
    }
    if (stage.kind == StageKind::kReduce && !stage.whole_inputs.empty()) {
      return Wrong(index, "reduces and can't read an input whole");
    }
    for (const std::uint32_t input : stage.whole_inputs) {
      if (input < declared_.inputs.size() && input != stage.input) continue;
      return Wrong(index, "reads input {} whole, which is its own or none of the {}", input,
                   declared_.inputs.size());
    }
    return absl::OkStatus();
  }

  absl::Status CheckEnds() const {
    const std::size_t last = declared_.stages.size() - 1;
    if (declared_.stages[last].kind == StageKind::kSample) {
      return Wrong(last, "is its last one and samples; only map and reduce stages write output");
    }
    for (std::size_t index = 0; index < last; ++index) {
      if (readers_[index].empty()) return Wrong(index, "leads nowhere: no later stage reads it");
    }
    for (std::size_t input = 0; input < declared_.inputs.size(); ++input) {
      const bool read = std::any_of(
          declared_.stages.begin(), declared_.stages.end(), [input](const StageDeclaration& stage) {
            const auto& whole = stage.whole_inputs;
            return stage.kind != StageKind::kReduce &&
                   (stage.input == input ||
                    std::find(whole.begin(), whole.end(), input) != whole.end());
          });
      if (!read) {
        return InvalidArgument("no stage of job '{}' reads its input '{}'", job_,
                               declared_.inputs[input].name);
      }
    }
    return absl::OkStatus();
  }

  const JobDeclaration& declared_;
  const std::string& job_;
  std::vector<std::vector<std::size_t>> readers_;  // by stage: those so far that read it
};

// Whether tasks of a map stage may leave some of their input to others: not those that write the
// output or make a result, of which there is one each by split.
bool MayBeCut(const JobDeclaration& declared, std::size_t index, const v1::InputPlan& input) {
  const StageDeclaration& stage = declared.stages[index];
  if (stage.kind != StageKind::kMap || index + 1 == declared.stages.size()) return false;
  if (stage.one_task_per_split || input.format() == v1::INPUT_FORMAT_WHOLE_FILES) return false;
  for (const StageDeclaration& reader : declared.stages) {
    for (const EdgeDeclaration& edge : reader.edges) {
      if (edge.stage == index && edge.by != ReadBy::kShuffle) return false;
    }
  }
  if (input.format() == v1::INPUT_FORMAT_INTEGER_RANGE) return true;
  return std::any_of(input.files().begin(), input.files().end(), [](const v1::InputFile& file) {
    return file.compression() == v1::COMPRESSION_NONE;
  });
}

std::uint32_t CountTasks(const StageDeclaration& stage, std::uint32_t splits,
                         std::uint32_t partitions) {
  switch (stage.kind) {
    case StageKind::kSample:
      return CountSampledSplits(splits);
    case StageKind::kMap:
      return splits;
    case StageKind::kReduce:
      return stage.one_task ? 1 : partitions;
  }
  return 0;
}

// "map", or "map.2" if there are several without a name of their own.
void NameStages(const JobDeclaration& declared, v1::JobPlan* plan) {
  std::map<v1::StageKind, int> unnamed, so_far;
  for (std::size_t i = 0; i < declared.stages.size(); ++i) {
    if (declared.stages[i].name.empty()) ++unnamed[plan->stages(static_cast<int>(i)).kind()];
  }
  for (std::size_t i = 0; i < declared.stages.size(); ++i) {
    v1::StagePlan& stage = *plan->mutable_stages(static_cast<int>(i));
    if (!declared.stages[i].name.empty()) {
      stage.set_name(declared.stages[i].name);
    } else if (unnamed[stage.kind()] > 1) {
      stage.set_name(fmt::format("{}.{}", StageName(stage.kind()), ++so_far[stage.kind()]));
    } else {
      stage.set_name(std::string(StageName(stage.kind())));
    }
  }
}

}  // namespace

absl::Status CheckStages(const JobDeclaration& declared, const std::string& job) {
  return StageCheck(declared, job).Run();
}

absl::Status PlanStages(const JobDeclaration& declared, v1::JobPlan* plan) {
  std::vector<std::uint32_t> splits;
  for (int i = 0; i < plan->inputs_size(); ++i) {
    splits.push_back(CountSplits(*plan, static_cast<std::uint32_t>(i)));
  }
  std::uint64_t maps = 0;
  for (std::size_t i = 0; i < declared.stages.size(); ++i) {
    const StageDeclaration& from = declared.stages[i];
    v1::StagePlan* const stage = plan->add_stages();
    stage->set_kind(MessageOf(from.kind));
    stage->set_input(from.input);
    stage->set_task_count(CountTasks(from, splits[from.input], plan->request().partitions()));
    stage->set_may_be_cut(MayBeCut(declared, i, plan->inputs(static_cast<int>(from.input))));
    if (from.kind == StageKind::kMap) maps += stage->task_count();
    for (const EdgeDeclaration& edge : from.edges) {
      v1::StageEdge* const made = stage->add_inputs();
      made->set_from_stage(edge.stage);
      made->set_kind(MessageOf(edge.by));
    }
  }
  if (maps > kMapTasksMax) {
    return InvalidArgument(
        "the stages of job '{}' have {} map tasks together, more than the {} that a job may have; "
        "raise --split-size or lower its rounds",
        plan->request().job(), maps, kMapTasksMax);
  }
  NameStages(declared, plan);
  plan->set_output_files(plan->stages().rbegin()->task_count());
  return absl::OkStatus();
}

}  // namespace gristmill::coordinator
