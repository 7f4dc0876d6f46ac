// Tells damage in SQLite's write-ahead log from a write that was torn: SQLite itself takes both for
// the end of the log, and would silently drop what was written, synced and acted upon behind it.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace gristmill::coordinator {

// DataLoss if in the log at `wal_path` a frame is damaged and a later transaction is whole: that
// one was begun after the damaged one had been synced. Damage in the last transaction can't be told
// from a torn write. OK if there is no log.
absl::Status CheckWal(const std::string& wal_path);

}  // namespace gristmill::coordinator
