#include "worker/pipeline/side_file_writer.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "storage/side_files.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {

class SideFileWriter::Lines final : public OutputSink {
 public:
  Lines(BufferedWriter file, std::uint64_t* bytes) : file_(std::move(file)), bytes_(bytes) {}
  void Append(std::string_view bytes, std::uint64_t) override {
    ThrowIfError(file_.Append(bytes));
    *bytes_ += bytes.size();
  }
  void Close() { ThrowIfError(file_.Close()); }

 private:
  BufferedWriter file_;
  std::uint64_t* const bytes_;
};

SideFileWriter::SideFileWriter(std::string directory, std::uint32_t task, std::uint32_t tasks)
    : directory_(std::move(directory)), task_(task), tasks_(tasks) {}

SideFileWriter::~SideFileWriter() {
  if (kept_ || names_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string SideFileWriter::Begin(std::string_view name) {
  const std::string_view wrong = WhyNoSideFile(name);
  if (!wrong.empty()) {
    throw TaskError(fmt::format("the job can't write a file '{}': {}", name, wrong));
  }
  if (names_.contains(name)) {
    throw TaskError(fmt::format(
        "the task wrote a file '{}' twice; let the job give every file a name of its own", name));
  }
  if (names_.size() == kFilesPerTaskMax) {
    throw TaskError(fmt::format("the task wrote {} files, which is the most; use smaller splits",
                                kFilesPerTaskMax));
  }
  if (names_.empty() && ::mkdir(directory_.c_str(), 0777) != 0 && errno != EEXIST) {
    ThrowIfError(ErrnoStatus(errno, fmt::format("can't make the directory '{}'", directory_)));
  }
  names_.emplace(name);
  return fmt::format("{}/{}", directory_, name);
}

void SideFileWriter::WriteFile(std::string_view name, std::string_view bytes) {
  File file = ValueOrThrow(File::Create(Begin(name)));
  ThrowIfError(file.Write(bytes));
  ThrowIfError(file.Close());
  bytes_ += bytes.size();
}

OutputSink& SideFileWriter::SideOutput(std::string_view name) {
  const auto found = side_outputs_.find(name);
  if (found != side_outputs_.end()) return *found->second;
  if (side_outputs_.size() == kSideOutputsMax) {
    throw TaskError(
        fmt::format("the task has {} side outputs, which is the most; say more in their lines",
                    kSideOutputsMax));
  }
  auto lines = std::make_unique<Lines>(
      ValueOrThrow(BufferedWriter::Create(Begin(SideOutputFileName(name, task_, tasks_)))),
      &bytes_);
  return *side_outputs_.emplace(name, std::move(lines)).first->second;
}

void SideFileWriter::Close() {
  for (const auto& [name, lines] : side_outputs_) lines->Close();
}

}  // namespace gristmill::worker
