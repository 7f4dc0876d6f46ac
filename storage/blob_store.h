// Contents of files by their SHA-256: DIRECTORY/<64 hex digits>, each whole or not at all.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/instant.h"
#include "storage/file.h"
#include "storage/sha256.h"

namespace gristmill {

class BlobWriter;

// Thread-safe. The directory is its own.
class BlobStore {
 public:
  struct Options {
    std::uint64_t bytes_max = std::uint64_t{16} << 30;  // all together, with those being written
    std::uint64_t reserve_bytes = 0;                    // left free on the disk, for others
    bool sync = false;  // a blob that is there survives the power failing
  };
  // Makes the directory if need be, closes it to other users, takes over what is whole in it and
  // removes the rest.
  static absl::StatusOr<std::unique_ptr<BlobStore>> Open(const std::string& directory,
                                                         Options options);

  // A look counts as a use: what was used longest ago goes first when room is needed.
  bool Has(const std::string& sha256);
  std::string PathOf(const std::string& sha256) const;

  // Removes one that turned out to be damaged.
  void Discard(const std::string& sha256);

  // Promises room for a blob of `bytes`; others that nobody needs go only as these come.
  // ResourceExhausted with a sentence if even so there is not enough, InvalidArgument if it is
  // larger than may be or `sha256` is none.
  absl::StatusOr<std::unique_ptr<BlobWriter>> Begin(const std::string& sha256, std::uint64_t bytes);

  // Until they are released, the blobs that `owner` needs stay. An owner is kept for once.
  void Keep(std::uint64_t owner, std::vector<std::string> blobs);
  // False if it keeps none.
  bool Release(std::uint64_t owner);
  // Removes those that nobody needs and that were not used for so long.
  void RemoveUnused(DurationMs age_ms);

 private:
  friend class BlobWriter;
  struct Blob {
    std::uint64_t bytes = 0;
    Instant used = {};
    bool spare = false;                      // nobody needs it
    std::list<std::string>::iterator place;  // in spare_by_use_, if so
  };

  BlobStore(std::string directory, Options options)
      : directory_(std::move(directory)), options_(options) {}
  absl::Status TakeOver();
  void Touch(Blob& blob) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetSpare(const std::string& sha256, bool spare) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Add(const std::string& sha256, std::uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // It is there no more, and its file is the caller's: RemoveFiles follows, without the lock.
  // False while a new one is put in its place.
  bool TakeOut(const std::string& sha256) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RemoveFiles(const std::vector<std::string>& taken_out) ABSL_LOCKS_EXCLUDED(mutex_);
  // Where `beside` are held that can't go.
  absl::Status CheckRoom(std::uint64_t bytes, std::uint64_t beside, std::uint64_t free_bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::uint64_t FreeBytes() const;

  // For a BlobWriter: so many of the bytes promised to it come, or it ends after some of them.
  absl::Status TakeRoom(std::uint64_t bytes);
  void GiveUp(std::uint64_t written, std::uint64_t promised);
  absl::Status PutInPlace(const std::string& from, const std::string& sha256, std::uint64_t bytes);
  absl::Status SyncDirectory() const;

  const std::string directory_;
  const Options options_;
  absl::Mutex mutex_;
  std::map<std::string, Blob> blobs_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> spare_by_use_ ABSL_GUARDED_BY(mutex_);  // the longest unused first
  std::map<std::uint64_t, std::vector<std::string>> kept_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> needed_ ABSL_GUARDED_BY(mutex_);  // by owners, there or not
  // Their files are being put in place or removed, which is done without the lock.
  std::set<std::string> busy_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;        // with what was written of new ones
  std::uint64_t spare_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of these
  std::uint64_t promised_ ABSL_GUARDED_BY(mutex_) = 0;     // to new ones, not written yet
  std::uint64_t next_file_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One blob on its way into the store, which outlives this. Destroyed before Finish, it leaves
// nothing. Used by one thread at a time.
class BlobWriter {
 public:
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  // DataLoss beyond the bytes announced; ResourceExhausted if the room that was promised went
  // meanwhile to what jobs need, or to others on that disk.
  absl::Status Append(std::string_view bytes);
  // DataLoss if bytes are missing or these are not the contents that were announced. The last call.
  absl::Status Finish();

 private:
  friend class BlobStore;
  BlobWriter(BlobStore* store, std::string sha256, std::uint64_t bytes, File file)
      : store_(store), sha256_(std::move(sha256)), bytes_(bytes), file_(std::move(file)) {}

  BlobStore* const store_;
  const std::string sha256_;
  const std::uint64_t bytes_;
  File file_;
  std::uint64_t written_ = 0;
  bool placed_ = false;
  Sha256 hash_;
};

}  // namespace gristmill
