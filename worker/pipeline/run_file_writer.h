// Writes the one run file that a map attempt leaves, and the scratch runs of a merge.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/task.h"
#include "storage/buffered_writer.h"
#include "worker/pipeline/run_file_format.h"

namespace gristmill::worker {

// Writes to a temporary name beside `path`; the file appears whole in Finish or not at all.
// Not thread-safe. Throws TaskError.
class RunFileWriter final : public RunSink {
 public:
  RunFileWriter(std::string path, const RunFileId& id, std::uint32_t partitions,
                BlockCodec codec = BlockCodec::kNone);
  ~RunFileWriter() override;

  void BeginRun() override;
  void Append(std::uint32_t partition, std::string_view block, std::uint64_t pairs) override;
  void EndRun() override;
  // Writes index and footer and gives the file its name. Nothing may be appended after it.
  void Finish();

  std::uint32_t runs() const { return runs_; }
  std::uint64_t bytes() const { return file_.bytes(); }
  const std::vector<IndexEntry>& index() const { return index_; }

 private:
  void CheckBlock(std::uint32_t partition, std::string_view block);
  // Takes `block` in or compresses it into compressed_; returns the bytes to store.
  std::string_view Encode(std::string_view block, BlockHeader* header);
  IndexEntry& EntryFor(std::uint32_t partition);

  const std::string path_;
  const RunFileId id_;
  const std::uint32_t partitions_;
  const BlockCodec codec_;
  BufferedWriter file_;
  std::vector<IndexEntry> index_;
  std::uint32_t runs_ = 0;
  bool in_run_ = false;
  bool finished_ = false;
  bool refused_ = false;  // a block was not taken: there must be no file
  std::string compressed_;
};

}  // namespace gristmill::worker
