#include "stream/environment.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

namespace gristmill::stream {
namespace {

constexpr char kVisibleGpus[] = "CUDA_VISIBLE_DEVICES";

// "task_0_0007_m_000003", in the form that scripts take apart.
std::string HadoopTaskName(const TaskInfo& info, Stage stage) {
  char name[64];
  std::snprintf(name, sizeof name, "0_%04llu_%c_%06u", static_cast<unsigned long long>(info.job),
                stage == Stage::kMap ? 'm' : 'r', info.task);
  return name;
}

std::string HadoopJobName(const TaskInfo& info) {
  char name[64];
  std::snprintf(name, sizeof name, "job_0_%04llu", static_cast<unsigned long long>(info.job));
  return name;
}

void AddHadoopVariables(const TaskInfo& info, Stage stage, std::uint32_t reduces,
                        std::vector<std::string>* variables) {
  const auto add = [variables](const char* name, const char* old_name, const std::string& value) {
    variables->push_back(std::string(name) + "=" + value);
    variables->push_back(std::string(old_name) + "=" + value);
  };
  const std::string task = HadoopTaskName(info, stage);
  add("mapreduce_job_id", "mapred_job_id", HadoopJobName(info));
  add("mapreduce_job_name", "mapred_job_name", "stream");
  add("mapreduce_task_id", "mapred_tip_id", "task_" + task);
  add("mapreduce_task_attempt_id", "mapred_task_id",
      "attempt_" + task + "_" + std::to_string(info.attempt));
  add("mapreduce_task_partition", "mapred_task_partition", std::to_string(info.task));
  add("mapreduce_task_ismap", "mapred_task_is_map", stage == Stage::kMap ? "true" : "false");
  add("mapreduce_job_reduces", "mapred_reduce_tasks", std::to_string(reduces));
  if (stage != Stage::kMap) return;
  add("mapreduce_map_input_file", "map_input_file", info.input_path);
  add("mapreduce_map_input_start", "map_input_start", std::to_string(info.input_offset));
  add("mapreduce_map_input_length", "map_input_length", std::to_string(info.input_bytes));
}

// What a worker tells its runner, a secret among it. The mark is handed on: by it the worker finds
// what user code leaves running.
bool IsOfRunnerOnly(std::string_view entry) {
  return entry.starts_with("GRISTMILL_RUNNER_") && !entry.starts_with("GRISTMILL_RUNNER_MARK=");
}

}  // namespace

std::vector<std::string> TaskVariables(const TaskInfo& info, Stage stage, std::uint32_t reduces) {
  std::vector<std::string> variables = {
      "GRISTMILL_JOB=" + std::to_string(info.job),
      "GRISTMILL_TASK=" + std::to_string(info.task),
      "GRISTMILL_ATTEMPT=" + std::to_string(info.attempt),
      std::string("GRISTMILL_STAGE=") + (stage == Stage::kMap ? "map" : "reduce"),
      "GRISTMILL_INPUT_FILE=" + info.input_path,
      "GRISTMILL_PARTITIONS=" + std::to_string(info.partitions)};
  if (stage == Stage::kReduce) {
    variables.push_back("GRISTMILL_PARTITION=" + std::to_string(info.task));
  }
  if (!info.gpus.empty()) {
    const char* visible = std::getenv(kVisibleGpus);
    variables.push_back(std::string(kVisibleGpus) + "=" +
                        VisibleGpus(info.gpus, visible == nullptr ? "" : visible));
  }
  AddHadoopVariables(info, stage, reduces, &variables);
  return variables;
}

std::string VisibleGpus(const std::vector<std::uint32_t>& gpus, std::string_view visible) {
  std::vector<std::string_view> devices;
  while (!visible.empty()) {
    const std::size_t comma = std::min(visible.find(','), visible.size());
    devices.push_back(visible.substr(0, comma));
    visible.remove_prefix(std::min(comma + 1, visible.size()));
  }
  std::string text;
  for (const std::uint32_t gpu : gpus) {
    if (!text.empty()) text += ",";
    text += gpu < devices.size() ? std::string(devices[gpu]) : std::to_string(gpu);
  }
  return text;
}

std::vector<std::string> MakeEnvironment(const char* const* base,
                                         const std::vector<std::string>& variables,
                                         const std::string& directory) {
  std::map<std::string, std::string, std::less<>> values;
  const auto set = [&values](std::string_view entry) {
    const std::size_t sign = entry.find('=');
    if (sign != entry.npos) values[std::string(entry.substr(0, sign))] = entry.substr(sign + 1);
  };
  for (; base != nullptr && *base != nullptr; ++base) {
    if (!IsOfRunnerOnly(*base)) set(*base);
  }
  for (const std::string& variable : variables) set(variable);
  if (!directory.empty()) {
    std::string& path = values["PATH"];
    path = path.empty() ? directory : directory + ":" + path;
  }
  std::vector<std::string> environment;
  environment.reserve(values.size());
  for (const auto& [name, value] : values) environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace gristmill::stream
