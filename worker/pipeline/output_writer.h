// Writes the one output file of an attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gristmill/task.h"
#include "gristmill/v1/job.pb.h"
#include "storage/buffered_writer.h"
#include "worker/pipeline/record_file.h"

namespace gristmill::worker {

// Text and fixed-length records go to the file as they come; for record files each appended block
// (whole pairs) gets its frame. Not thread-safe. Throws TaskError. Removes the file if destroyed
// before Finish succeeded.
class OutputWriter final : public OutputSink {
 public:
  // With an empty path the bytes are counted and dropped.
  OutputWriter(const std::string& path, v1::OutputFormat format, const RecordTypes& types);
  ~OutputWriter() override;

  void Append(std::string_view bytes, std::uint64_t records) override;
  // Returns once the data is on the disk: the coordinator relies on it when it commits.
  void Finish();
  std::uint64_t bytes() const { return bytes_; }

 private:
  void Write(std::string_view bytes);

  const bool framed_;
  std::optional<BufferedWriter> file_;
  std::uint64_t bytes_ = 0;
  RecordFileTotals totals_;
  bool finished_ = false;
  bool refused_ = false;  // a pair was not taken: there must be no file
};

}  // namespace gristmill::worker
