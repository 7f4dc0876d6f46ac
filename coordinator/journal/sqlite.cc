#include "coordinator/journal/sqlite.h"

#include <sqlite3.h>

#include "base/check.h"
#include "base/status.h"

namespace gristmill::coordinator {
namespace {

// What SQLite says of its last failure; the code picks the status.
absl::Status LastError(sqlite3* database) {
  const char* text = sqlite3_errmsg(database);
  switch (sqlite3_errcode(database) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable("{}", text);
    case SQLITE_FULL:
      return ResourceExhausted("the disk is full");
    case SQLITE_NOTADB:
      return FailedPrecondition("{}", text);
    case SQLITE_CORRUPT:
      return DataLoss("{}", text);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      if (const int error = sqlite3_system_errno(database); error != 0) {
        return ErrnoStatus(error, text);
      }
      return PermissionDenied("{}", text);
    default:
      return Internal("{}", text);
  }
}

}  // namespace

void SqliteClose::operator()(sqlite3* database) const { sqlite3_close(database); }
void SqliteClose::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void SqliteStatement::BindInteger(int parameter, std::int64_t value) {
  GM_CHECK(sqlite3_bind_int64(statement_.get(), parameter, value) == SQLITE_OK);
}

void SqliteStatement::BindBlob(int parameter, std::string_view value) {
  GM_CHECK(sqlite3_bind_blob64(statement_.get(), parameter, value.data(), value.size(),
                               SQLITE_STATIC) == SQLITE_OK);
}

absl::StatusOr<bool> SqliteStatement::Step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return LastError(sqlite3_db_handle(statement_.get()));
}

std::int64_t SqliteStatement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::Blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

absl::StatusOr<SqliteDatabase> SqliteDatabase::Open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDatabase database;
  database.database_.reset(raw);
  GM_CHECK(raw != nullptr);
  if (result != SQLITE_OK) return LastError(raw);
  return database;
}

absl::StatusOr<SqliteStatement> SqliteDatabase::Prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int result =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  if (result != SQLITE_OK) return LastError(database_.get());
  SqliteStatement statement;
  statement.statement_.reset(raw);
  return statement;
}

absl::Status SqliteDatabase::Execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return LastError(database_.get());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> SqliteDatabase::Integer(std::string_view sql) {
  GM_ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  GM_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return DataLoss("it has no answer to {}", sql);
  return statement.Integer(0);
}

bool SqliteDatabase::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

}  // namespace gristmill::coordinator
