// What user code may know of the task it runs in, and its counters.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/heap_bytes.h"
#include "gristmill/random.h"
#include "gristmill/task.h"
#include "gristmill/task_cache.h"

namespace gristmill {

// Counts within one task. Of the task's own thread.
class Counter {
 public:
  void Add(std::uint64_t n = 1) { value_ += n; }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

// Takes lines of text for a file beside the job's output.
class SideOutput {
 public:
  // For the framework.
  explicit SideOutput(OutputSink& sink) : sink_(&sink) {}

  void Line(std::string_view line) {
    sink_->Append(line, 0);
    sink_->Append("\n", 1);
  }
  void Append(std::string_view bytes) { sink_->Append(bytes, 0); }

 private:
  OutputSink* sink_;
};

// Lives as long as its task; of the task's own thread.
class TaskContext {
 public:
  // `info` must outlive the context.
  explicit TaskContext(const TaskInfo& info) : info_(info) {}
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  // Empty for reduce tasks and integer ranges.
  const std::string& input_path() const { return info_.input_path; }
  // Index within its stage; of a reduce task its partition.
  std::uint32_t task() const { return info_.task; }
  std::uint32_t partitions() const { return info_.partitions; }
  // What `make()` returns, a T, shared with the tasks of the job that this process runs later or at
  // the same time and that ask by the same name: name all that it is made of. Kept if the class has
  // `static constexpr bool kCaches = true`, as long as half of the job's memory has room; else, and
  // in another process, it is made again. Several may make it at once.
  template <typename T, typename Make>
  std::shared_ptr<const T> Cached(const std::string& name, const Make& make) {
    if (info_.cache == nullptr) return std::make_shared<const T>(make());
    if (auto found = info_.cache->template Find<T>(name)) return found;
    auto made = std::make_shared<const T>(make());
    if (cancelled()) throw TaskCancelled();  // make() may have seen that, and made less
    info_.cache->template Keep<T>(name, made, internal::BytesOf(*made));
    return made;
  }
  // Where the files are that came with the job (--file), by their names; also the process's working
  // directory if there are any. All tasks of the job on this worker share it.
  const std::string& directory() const { return info_.directory; }
  // Which of this machine's GPUs the task may use, if it asked for some (--task-gpus): no other
  // task has them at the same time. Tasks share the process and its environment, in which nothing
  // of that can be said: choose the device by its index.
  const std::vector<std::uint32_t>& gpus() const { return info_.gpus; }

  // Whether the attempt is to stop: the job was cancelled, its time is over, or another attempt
  // won. Input and values end by themselves then; code that computes long without asking for more
  // should look here now and then, and return or throw TaskCancelled. Nothing of the attempt is
  // used.
  bool cancelled() const {
    return info_.cancelled != nullptr && info_.cancelled->load(std::memory_order_relaxed);
  }

  // Random numbers that depend on the job, its parameters, the stage and the index of the task:
  // every attempt gets the same ones, another task others. TaskError in a map task whose split may
  // be cut (job.h, kOneTaskPerSplit), since what was drawn would depend on where. With tasks that
  // are made by splits, another --split-size gives other numbers.
  Random& random() {
    if (!random_) throw TaskError(kNoRandom);
    return *random_;
  }

  // Says what the task is at, such as "chromosome 7 of 22": shown by 'gristmill tasks' and
  // 'gristmill explain' within a second or two, as long as the task runs. The first 200 bytes of
  // it; cheap, but not for every record.
  void SetStatus(std::string_view text) {
    if (info_.status != nullptr) info_.status->SetStatus(text);
  }

  // Adds to the job's counter of that name; failed attempts do not count.
  void Count(std::string_view name, std::uint64_t n = 1) { counter(name).Add(n); }

  // The counter itself, for loops that should not look it up each time; valid while the task runs.
  Counter& counter(std::string_view name) {
    const auto found = counters_.find(name);
    if (found != counters_.end()) return found->second;
    return counters_.emplace(std::string(name), Counter()).first->second;
  }

  // Tasks that write the job's output, that is reduce tasks, and map tasks where there is no Reduce
  // and no Combine, may write files beside it. They come into the output directory with the task's
  // part of it, when the job is done: as that, whole and of one attempt. A name is a plain file
  // name, not a hidden one, and none like part-00000-of-00001. What is refused is a TaskError.
  //
  // A whole file. Each name once, in all tasks: the job fails if two write the same one.
  void WriteFile(std::string_view name, std::string_view bytes) { files().WriteFile(name, bytes); }
  // Lines that are no part of the result, such as those that were not understood:
  // side_output("rejected") of task 3 of 8 is the file rejected-00003-of-00008. A task that never
  // asks for it has none. Keep it rather than ask for each line.
  SideOutput side_output(std::string_view name) { return SideOutput(files().SideOutput(name)); }

  // For the framework: what random() begins with, where a task may ask.
  void SeedRandom(std::uint64_t seed) { random_.emplace(seed); }

  // For the framework: sorted by name.
  std::vector<CounterValue> CounterValues() const {
    std::vector<CounterValue> values;
    values.reserve(counters_.size());
    for (const auto& [name, counter] : counters_) values.push_back({name, counter.value()});
    return values;
  }
  void ForgetCounters() { counters_.clear(); }

 private:
  static constexpr char kNoRandom[] =
      "random() was asked of a map task whose split may be cut, so that its output would not be "
      "the "
      "same each time; give the job `static constexpr bool kOneTaskPerSplit = true`";

  static constexpr char kNoFiles[] =
      "files beside the output were asked for by a task that writes none of the job's output; they "
      "are for reduce tasks, and for map tasks of a job that has output but no Reduce and no "
      "Combine";

  FileSink& files() {
    if (info_.files == nullptr) throw TaskError(kNoFiles);
    return *info_.files;
  }

  const TaskInfo& info_;
  std::optional<Random> random_;
  std::map<std::string, Counter, std::less<>> counters_;
};

}  // namespace gristmill
