// The little of SQLite that the journal needs, as values that clean up after themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace gristmill::coordinator {

struct SqliteClose {
  void operator()(sqlite3* database) const;
  void operator()(sqlite3_stmt* statement) const;
};

class SqliteDatabase;

// A prepared statement. Views of columns hold until the next Step.
class SqliteStatement {
 public:
  void BindInteger(int parameter, std::int64_t value);   // parameters count from 1
  void BindBlob(int parameter, std::string_view value);  // `value` outlives the statement
  absl::StatusOr<bool> Step();                           // false when there is no further row
  std::int64_t Integer(int column) const;                // columns count from 0
  std::string_view Blob(int column) const;

 private:
  friend class SqliteDatabase;
  std::unique_ptr<sqlite3_stmt, SqliteClose> statement_;
};

class SqliteDatabase {
 public:
  // Makes the file if it is absent.
  static absl::StatusOr<SqliteDatabase> Open(const std::string& path);

  absl::StatusOr<SqliteStatement> Prepare(std::string_view sql);
  // One or more statements whose rows nobody wants.
  absl::Status Execute(const std::string& sql);
  // The one integer that `sql` selects.
  absl::StatusOr<std::int64_t> Integer(std::string_view sql);
  bool in_transaction() const;

 private:
  std::unique_ptr<sqlite3, SqliteClose> database_;
};

}  // namespace gristmill::coordinator
