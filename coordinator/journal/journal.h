// The coordinator's memory: a SQLite file of batches of decisions. docs/formats/journal.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/journal/sqlite.h"
#include "gristmill/v1/journal.pb.h"

namespace gristmill::coordinator {

// Used by one thread. Holds the file alone: a second Open of it fails until this one is destroyed.
class Journal {
 public:
  // Opens the journal at `path`, or makes one. FailedPrecondition if the file is something else,
  // has another format version or is in use by another coordinator; the file is then unchanged.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // One transaction: all of them or none, on disk when it returns OK. After an error the journal
  // must not be used any more: a new Open tells which of the two it was.
  absl::Status Append(const std::vector<v1::JournalRecord>& records);

  // Every record in the order of appending. Ends at the first error of `fold`, or with DataLoss
  // that names the batch that is damaged or missing; records before it were folded.
  absl::Status Replay(const std::function<absl::Status(const v1::JournalRecord&)>& fold);

  const std::string& path() const { return path_; }

 private:
  Journal(std::string path, SqliteDatabase database);
  absl::Status InsertBatches(const std::vector<v1::JournalRecord>& records);
  absl::Status InsertBatch(const std::string& payload);

  const std::string path_;
  SqliteDatabase database_;
  std::int64_t last_seq_ = 0;
};

}  // namespace gristmill::coordinator
