#include "coordinator/journal/journal.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "coordinator/journal/wal_check.h"

namespace gristmill::coordinator {
namespace {

constexpr std::int64_t kApplicationId = 0x474d4a4c;  // "GMJL"
constexpr std::int64_t kFormatVersion = 5;
constexpr std::size_t kBatchBytes = 8 << 20;        // a batch ends with the record that passes it
constexpr std::size_t kRecordBytesMax = 512 << 20;  // SQLite holds at most 1e9 bytes in a blob

constexpr char kMetaTable[] =
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID";
constexpr char kBatchesTable[] =
    "CREATE TABLE batches (seq INTEGER PRIMARY KEY, checksum INTEGER NOT NULL,"
    " payload BLOB NOT NULL)";

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
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal:
      return DataLoss(
          "the journal '{}' is damaged ({}); restore the file from a copy or start afresh with "
          "another --journal",
          path, Message(status));
    default:
      return absl::Status(status.code(),
                          fmt::format("can't open the journal '{}': {}", path, Message(status)));
  }
}

absl::Status Create(SqliteDatabase& database) {
  return database.Execute(
      fmt::format("PRAGMA application_id = {}; {}; {};"
                  "INSERT INTO meta VALUES ('format_version', {}), ('first_seq', 1),"
                  " ('snapshot_seq', 0), ('last_seq', 0);",
                  kApplicationId, kMetaTable, kBatchesTable, kFormatVersion));
}

absl::StatusOr<std::int64_t> Meta(SqliteDatabase& database, const char* key) {
  return database.Integer(fmt::format("SELECT value FROM meta WHERE key = '{}'", key));
}

// That the tables are ours to the letter, and that no page of the file contradicts another: SQLite
// by itself notices damage only where it happens to read, and writes on around it.
absl::Status CheckStructure(SqliteDatabase& database) {
  GM_ASSIGN_OR_RETURN(const std::int64_t strange,
                      database.Integer(fmt::format("SELECT count(*) FROM sqlite_master"
                                                   " WHERE sql NOT IN ('{}', '{}') OR sql IS NULL",
                                                   kMetaTable, kBatchesTable)));
  if (strange != 0) return DataLoss("its tables are not those of a journal");
  GM_ASSIGN_OR_RETURN(SqliteStatement check, database.Prepare("PRAGMA quick_check(1)"));
  GM_ASSIGN_OR_RETURN(const bool row, check.Step());
  if (!row) return DataLoss("it can't be checked");
  const std::string found(check.Blob(0));
  return found == "ok" ? absl::OkStatus() : DataLoss("{}", found);
}

// Within the exclusive transaction of Open.
absl::Status CheckOrCreate(SqliteDatabase& database) {
  GM_ASSIGN_OR_RETURN(const std::int64_t application, database.Integer("PRAGMA application_id"));
  GM_ASSIGN_OR_RETURN(const std::int64_t objects,
                      database.Integer("SELECT count(*) FROM sqlite_master"));
  if (application == 0 && objects == 0) return Create(database);
  if (application != kApplicationId) return FailedPrecondition("another program's database");
  GM_ASSIGN_OR_RETURN(const std::int64_t version, Meta(database, "format_version"));
  if (version != kFormatVersion) {
    return absl::UnimplementedError(fmt::format(
        "its format version is {} and this gristmill reads version {}; run the gristmill that "
        "wrote it or choose another file with --journal",
        version, kFormatVersion));
  }
  return CheckStructure(database);
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

// Collects records into payloads and inserts each that is full.
class Journal::Batches {
 public:
  explicit Batches(Journal* journal) : journal_(*journal) {}

  absl::Status Add(const v1::JournalRecord& record) {
    const std::size_t bytes = record.ByteSizeLong();
    if (bytes > kRecordBytesMax) {
      return InvalidArgument("a record of {} bytes is over the limit of {} bytes", bytes,
                             kRecordBytesMax);
    }
    // Delimited, as FoldBatch reads it. A StringOutputStream of each record would grow the payload
    // to its capacity each time.
    using google::protobuf::io::CodedOutputStream;
    const std::size_t begin = payload_.size();
    const auto length = static_cast<std::uint32_t>(bytes);
    payload_.resize(begin + CodedOutputStream::VarintSize32(length) + bytes);
    auto* const at = reinterpret_cast<std::uint8_t*>(payload_.data() + begin);
    record.SerializeWithCachedSizesToArray(CodedOutputStream::WriteVarint32ToArray(length, at));
    return payload_.size() < kBatchBytes ? absl::OkStatus() : Flush();
  }
  absl::Status Flush() {
    if (payload_.empty()) return absl::OkStatus();
    GM_RETURN_IF_ERROR(journal_.Insert(payload_));
    payload_.clear();
    return absl::OkStatus();
  }

 private:
  Journal& journal_;
  std::string payload_;
};

Journal::Journal(std::string path, JournalOptions options, SqliteDatabase database)
    : path_(std::move(path)), options_(options), database_(std::move(database)) {}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path,
                                                       JournalOptions options) {
  // SQLite takes such a file for an empty one.
  if (std::error_code error; std::filesystem::file_size(path, error) == 1 && !error) {
    return OpenError(path, FailedPrecondition("one byte"));
  }
  if (absl::Status status = CheckWal(path + "-wal"); !status.ok()) return OpenError(path, status);
  absl::StatusOr<SqliteDatabase> database = SqliteDatabase::Open(path);
  if (!database.ok()) return OpenError(path, database.status());
  if (absl::Status status = Take(*database); !status.ok()) return OpenError(path, status);
  std::unique_ptr<Journal> journal(new Journal(path, options, *std::move(database)));
  if (absl::Status status = journal->ReadMeta(); !status.ok()) return OpenError(path, status);
  return journal;
}

absl::Status Journal::ReadMeta() {
  GM_ASSIGN_OR_RETURN(first_seq_, Meta(database_, "first_seq"));
  GM_ASSIGN_OR_RETURN(last_seq_, Meta(database_, "last_seq"));
  GM_ASSIGN_OR_RETURN(const std::int64_t snapshot_seq, Meta(database_, "snapshot_seq"));
  GM_ASSIGN_OR_RETURN(const std::int64_t newest,
                      database_.Integer("SELECT coalesce(max(seq), 0) FROM batches"));
  if (newest != last_seq_) {
    return DataLoss("its newest batch is {} and it says that this is {}", newest, last_seq_);
  }
  const auto bytes_up_to = [&](std::int64_t seq) {
    return database_.Integer(
        fmt::format("SELECT coalesce(sum(length(payload)), 0) FROM batches WHERE seq <= {}", seq));
  };
  GM_ASSIGN_OR_RETURN(const std::int64_t bytes, bytes_up_to(last_seq_));
  GM_ASSIGN_OR_RETURN(const std::int64_t snapshot_bytes, bytes_up_to(snapshot_seq));
  bytes_ = static_cast<std::uint64_t>(bytes);
  snapshot_bytes_ = static_cast<std::uint64_t>(snapshot_bytes);
  return absl::OkStatus();
}

absl::Status Journal::InTransaction(const std::function<absl::Status()>& work) {
  const std::int64_t first_before = first_seq_, last_before = last_seq_;
  const std::uint64_t bytes_before = bytes_;
  absl::Status status = database_.Execute("BEGIN IMMEDIATE");
  if (status.ok()) status = work();
  if (status.ok()) status = SetMeta("last_seq", last_seq_);
  if (status.ok()) status = database_.Execute("COMMIT");
  if (status.ok()) return status;
  first_seq_ = first_before;
  last_seq_ = last_before;
  bytes_ = bytes_before;
  // The error that matters is the first; closing the file rolls back too.
  if (database_.in_transaction()) database_.Execute("ROLLBACK").IgnoreError();
  return absl::Status(status.code(),
                      fmt::format("can't write the journal '{}': {}", path_, Message(status)));
}

absl::Status Journal::Append(const std::vector<v1::JournalRecord>& records) {
  if (records.empty()) return absl::OkStatus();
  return InTransaction([&] {
    Batches batches(this);
    for (const v1::JournalRecord& record : records) GM_RETURN_IF_ERROR(batches.Add(record));
    return batches.Flush();
  });
}

absl::Status Journal::Insert(const std::string& payload) {
  GM_ASSIGN_OR_RETURN(SqliteStatement insert,
                      database_.Prepare("INSERT INTO batches VALUES (?, ?, ?)"));
  const std::int64_t seq = ++last_seq_;
  insert.BindInteger(1, seq);
  insert.BindInteger(2, Checksum(seq, payload));
  insert.BindBlob(3, payload);
  bytes_ += payload.size();
  return insert.Step().status();
}

absl::Status Journal::SetMeta(const char* key, std::int64_t value) {
  GM_ASSIGN_OR_RETURN(
      SqliteStatement update,
      database_.Prepare(fmt::format("UPDATE meta SET value = ? WHERE key = '{}'", key)));
  update.BindInteger(1, value);
  return update.Step().status();
}

bool Journal::IsWorthCompacting() const {
  return bytes_ - snapshot_bytes_ > std::max(options_.compact_bytes_min, snapshot_bytes_);
}

absl::Status Journal::Compact(const std::function<absl::Status(const Records& add)>& write) {
  GM_RETURN_IF_ERROR(InTransaction([&] {
    const std::int64_t first = last_seq_ + 1;
    GM_RETURN_IF_ERROR(database_.Execute(fmt::format("DELETE FROM batches WHERE seq < {}", first)));
    first_seq_ = first;
    bytes_ = 0;
    Batches batches(this);
    GM_RETURN_IF_ERROR(write([&](const v1::JournalRecord& record) { return batches.Add(record); }));
    GM_RETURN_IF_ERROR(batches.Flush());
    GM_RETURN_IF_ERROR(SetMeta("first_seq", first_seq_));
    return SetMeta("snapshot_seq", last_seq_);
  }));
  snapshot_bytes_ = bytes_;
  return absl::OkStatus();
}

absl::Status Journal::Replay(const Records& fold) {
  const auto damage = [&](std::int64_t seq, std::string_view what) {
    return DataLoss(
        "batch {} of the journal '{}' {}; restore the file from a copy or start afresh with "
        "another --journal",
        seq, path_, what);
  };
  GM_ASSIGN_OR_RETURN(SqliteStatement select,
                      database_.Prepare("SELECT seq, checksum, payload FROM batches ORDER BY seq"));
  for (std::int64_t seq = first_seq_;; ++seq) {
    const absl::StatusOr<bool> row = select.Step();
    if (!row.ok()) return damage(seq, fmt::format("can't be read ({})", Message(row.status())));
    if (!*row) return seq > last_seq_ ? absl::OkStatus() : damage(seq, "is missing");
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
