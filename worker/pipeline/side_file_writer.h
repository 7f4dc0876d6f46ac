// Writes the files of an attempt beside its part of the output: storage/side_files.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "gristmill/task.h"
#include "storage/buffered_writer.h"

namespace gristmill::worker {

// Each side output keeps a buffer open.
inline constexpr std::size_t kSideOutputsMax = 16;
// What the coordinator lists and renames at the end, of each task.
inline constexpr std::size_t kFilesPerTaskMax = 100'000;

// Not thread-safe. Throws TaskError. Removes what it wrote if destroyed before Keep.
class SideFileWriter final : public FileSink {
 public:
  // Makes `directory`, below one that exists, with the first file. `task` is of `tasks`.
  SideFileWriter(std::string directory, std::uint32_t task, std::uint32_t tasks);
  ~SideFileWriter() override;

  void WriteFile(std::string_view name, std::string_view bytes) override;
  OutputSink& SideOutput(std::string_view name) override;

  // Everything is in the files when it returns.
  void Close();
  void Keep() { kept_ = true; }

  std::uint64_t files() const { return names_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  class Lines;

  // The path of a new file.
  std::string Begin(std::string_view name);

  const std::string directory_;
  const std::uint32_t task_, tasks_;
  std::set<std::string, std::less<>> names_;
  std::map<std::string, std::unique_ptr<Lines>, std::less<>> side_outputs_;
  std::uint64_t bytes_ = 0;
  bool kept_ = false;
};

}  // namespace gristmill::worker
