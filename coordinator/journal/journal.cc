#include "coordinator/journal/journal.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <xxhash.h>

#include <utility>

#include "base/status.h"

namespace gristmill::coordinator {
namespace {

constexpr std::int64_t kApplicationId = 0x474d4a4c;  // "GMJL"
constexpr std::int64_t kFormatVersion = 1;
constexpr std::size_t kBatchBytes = 8 << 20;        // a batch ends with the record that passes it
constexpr std::size_t kRecordBytesMax = 512 << 20;  // SQLite holds at most 1e9 bytes in a blob

std::int64_t Checksum(std::int64_t seq, std::string_view payload) {
  return static_cast<std::int64_t>(
      XXH3_64bits_withSeed(payload.data(), payload.size(), static_cast<XXH64_hash_t>(seq)));
}

absl::Status OpenError(const std::string& path, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return FailedPrecondition(
          "the journal '{}' is in use by another coordinator; stop that one or choose another file "
          "with --journal",
          path);
    case absl::StatusCode::kFailedPrecondition:
      return FailedPrecondition(
          "'{}' is not a Gristmill journal; move it away or choose another file with --journal",
          path);
    case absl::StatusCode::kUnimplemented:
      return FailedPrecondition("can't use the journal '{}': {}", path, Message(status));
    default:
      return absl::Status(status.code(),
                          fmt::format("can't open the journal '{}': {}", path, Message(status)));
  }
}

absl::Status Create(SqliteDatabase& database) {
  return database.Execute(
      fmt::format("PRAGMA application_id = {};"
                  "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
                  "INSERT INTO meta VALUES ('format_version', {});"
                  "CREATE TABLE batches (seq INTEGER PRIMARY KEY, checksum INTEGER NOT NULL,"
                  " payload BLOB NOT NULL);",
                  kApplicationId, kFormatVersion));
}

// Within the exclusive transaction of Open.
absl::Status CheckOrCreate(SqliteDatabase& database) {
  GM_ASSIGN_OR_RETURN(const std::int64_t application, database.Integer("PRAGMA application_id"));
  GM_ASSIGN_OR_RETURN(const std::int64_t objects,
                      database.Integer("SELECT count(*) FROM sqlite_master"));
  if (application == 0 && objects == 0) return Create(database);
  if (application != kApplicationId) return FailedPrecondition("another program's database");
  GM_ASSIGN_OR_RETURN(const std::int64_t version,
                      database.Integer("SELECT value FROM meta WHERE key = 'format_version'"));
  if (version == kFormatVersion) return absl::OkStatus();
  return absl::UnimplementedError(fmt::format(
      "its format version is {} and this gristmill reads version {}; run the gristmill that wrote "
      "it or choose another file with --journal",
      version, kFormatVersion));
}

// The lock that the exclusive transaction takes stays until the file is closed.
absl::Status Take(SqliteDatabase& database) {
  GM_RETURN_IF_ERROR(database.Execute("PRAGMA locking_mode = EXCLUSIVE"));
  GM_RETURN_IF_ERROR(database.Execute("PRAGMA synchronous = FULL"));
  GM_RETURN_IF_ERROR(database.Execute("BEGIN EXCLUSIVE"));
  GM_RETURN_IF_ERROR(CheckOrCreate(database));
  GM_RETURN_IF_ERROR(database.Execute("COMMIT"));
  return database.Execute("PRAGMA journal_mode = WAL");
}

absl::Status FoldBatch(std::string_view payload,
                       const std::function<absl::Status(const v1::JournalRecord&)>& fold,
                       bool* readable) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(payload.data()),
                                            static_cast<int>(payload.size()));
  bool clean_end = false;
  v1::JournalRecord record;
  while (google::protobuf::util::ParseDelimitedFromCodedStream(&record, &in, &clean_end)) {
    GM_RETURN_IF_ERROR(fold(record));
    record.Clear();
  }
  *readable = clean_end;
  return absl::OkStatus();
}

}  // namespace

Journal::Journal(std::string path, SqliteDatabase database)
    : path_(std::move(path)), database_(std::move(database)) {}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path) {
  absl::StatusOr<SqliteDatabase> database = SqliteDatabase::Open(path);
  if (!database.ok()) return OpenError(path, database.status());
  if (absl::Status status = Take(*database); !status.ok()) return OpenError(path, status);
  const auto last_seq = database->Integer("SELECT coalesce(max(seq), 0) FROM batches");
  if (!last_seq.ok()) return OpenError(path, last_seq.status());
  std::unique_ptr<Journal> journal(new Journal(path, *std::move(database)));
  journal->last_seq_ = *last_seq;
  return journal;
}

absl::Status Journal::Append(const std::vector<v1::JournalRecord>& records) {
  if (records.empty()) return absl::OkStatus();
  const std::int64_t seq_before = last_seq_;
  const absl::Status status = InsertBatches(records);
  if (status.ok()) return status;
  last_seq_ = seq_before;
  // The error that matters is the first; closing the file rolls back too.
  if (database_.in_transaction()) database_.Execute("ROLLBACK").IgnoreError();
  return absl::Status(status.code(),
                      fmt::format("can't write the journal '{}': {}", path_, Message(status)));
}

absl::Status Journal::InsertBatches(const std::vector<v1::JournalRecord>& records) {
  GM_RETURN_IF_ERROR(database_.Execute("BEGIN IMMEDIATE"));
  std::string payload;
  for (const v1::JournalRecord& record : records) {
    const std::size_t bytes = record.ByteSizeLong();
    if (bytes > kRecordBytesMax) {
      return ResourceExhausted("a record of {} bytes is over the limit of {} bytes", bytes,
                               kRecordBytesMax);
    }
    google::protobuf::io::StringOutputStream out(&payload);
    if (!google::protobuf::util::SerializeDelimitedToZeroCopyStream(record, &out)) {
      return Internal("a record can't be serialized");
    }
    if (payload.size() < kBatchBytes) continue;
    GM_RETURN_IF_ERROR(InsertBatch(payload));
    payload.clear();
  }
  if (!payload.empty()) GM_RETURN_IF_ERROR(InsertBatch(payload));
  return database_.Execute("COMMIT");
}

absl::Status Journal::InsertBatch(const std::string& payload) {
  GM_ASSIGN_OR_RETURN(SqliteStatement insert,
                      database_.Prepare("INSERT INTO batches VALUES (?, ?, ?)"));
  const std::int64_t seq = ++last_seq_;
  insert.BindInteger(1, seq);
  insert.BindInteger(2, Checksum(seq, payload));
  insert.BindBlob(3, payload);
  return insert.Step().status();
}

absl::Status Journal::Replay(const std::function<absl::Status(const v1::JournalRecord&)>& fold) {
  const auto damage = [&](std::int64_t seq, std::string_view what) {
    return DataLoss(
        "batch {} of the journal '{}' {}; restore the file from a copy or start afresh with "
        "another --journal",
        seq, path_, what);
  };
  GM_ASSIGN_OR_RETURN(SqliteStatement select,
                      database_.Prepare("SELECT seq, checksum, payload FROM batches ORDER BY seq"));
  for (std::int64_t seq = 1;; ++seq) {
    const absl::StatusOr<bool> row = select.Step();
    if (!row.ok()) return damage(seq, fmt::format("can't be read ({})", Message(row.status())));
    if (!*row) return absl::OkStatus();
    if (select.Integer(0) != seq) return damage(seq, "is missing");
    const std::string_view payload = select.Blob(2);
    if (select.Integer(1) != Checksum(seq, payload)) {
      return damage(seq, "does not have the checksum it was written with");
    }
    bool readable = false;
    GM_RETURN_IF_ERROR(FoldBatch(payload, fold, &readable));
    if (!readable) return damage(seq, "holds something else than records");
  }
}

}  // namespace gristmill::coordinator
