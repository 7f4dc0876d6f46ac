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

struct JournalOptions {
  // Fewer bytes of records than this are not worth a compaction.
  std::uint64_t compact_bytes_min = std::uint64_t{16} << 20;
};

// Used by one thread. Holds the file alone: a second Open of it fails until this one is destroyed.
class Journal {
 public:
  using Records = std::function<absl::Status(const v1::JournalRecord&)>;

  // Opens the journal at `path`, or makes one. FailedPrecondition if the file is something else,
  // has another format version or is in use by another coordinator; DataLoss if it is damaged.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path,
                                                       JournalOptions options = {});
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // One transaction: all of them or none, on disk when it returns OK. After an error the journal
  // must not be used any more: a new Open tells which of the two it was.
  absl::Status Append(const std::vector<v1::JournalRecord>& records);

  // Every record in the order of appending. Ends at the first error of `fold`, or with DataLoss
  // that names the batch that is damaged or missing; records before it were folded.
  absl::Status Replay(const Records& fold);

  // The records appended since the last compaction are large, and outweigh what it wrote.
  bool IsWorthCompacting() const;
  // Puts the records that `write` hands to its argument in the place of all those before, in one
  // transaction. ResourceExhausted if there is no room for both: nothing has changed then, and the
  // journal goes on. After any other error it must not be used any more.
  absl::Status Compact(const std::function<absl::Status(const Records& add)>& write);

  const std::string& path() const { return path_; }
  std::uint64_t bytes() const { return bytes_; }  // of all records

 private:
  class Batches;

  Journal(std::string path, JournalOptions options, SqliteDatabase database);
  absl::Status ReadMeta();
  // Runs `work` in a transaction that ends with the right last_seq.
  absl::Status InTransaction(const std::function<absl::Status()>& work);
  absl::Status Insert(const std::string& payload);
  absl::Status SetMeta(const char* key, std::int64_t value);

  const std::string path_;
  const JournalOptions options_;
  SqliteDatabase database_;
  std::int64_t first_seq_ = 1;
  std::int64_t last_seq_ = 0;
  std::uint64_t bytes_ = 0;           // of all payloads
  std::uint64_t snapshot_bytes_ = 0;  // of those that the last compaction wrote
};

}  // namespace gristmill::coordinator
