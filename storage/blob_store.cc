#include "storage/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "base/shipping_limits.h"
#include "base/status.h"
#include "base/units.h"
#include "storage/disk_space.h"

namespace gristmill {
namespace {

namespace fs = std::filesystem;

constexpr char kUnfinished[] = "unfinished-";

Instant Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

// Empty if it is no name of a blob.
std::string Sha256OfName(const std::string& name) {
  if (name.size() != 2 * kSha256Bytes) return {};
  std::string bytes;
  for (std::size_t i = 0; i < name.size(); i += 2) {
    int byte = 0;
    for (const char c : {name[i], name[i + 1]}) {
      const bool letter = c >= 'a' && c <= 'f';
      if (!letter && (c < '0' || c > '9')) return {};
      byte = byte * 16 + (letter ? c - 'a' + 10 : c - '0');
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

absl::Status Sync(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, fmt::format("can't open '{}'", path));
  const int error = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  if (error != 0) return ErrnoStatus(error, fmt::format("can't write '{}' to its disk", path));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<BlobStore>> BlobStore::Open(const std::string& directory,
                                                           Options options) {
  GM_RETURN_IF_ERROR(MakeDirectories(directory));
  if (chmod(directory.c_str(), 0700) != 0) {  // what it gets may have been private
    return ErrnoStatus(errno, fmt::format("can't close '{}' to others", directory));
  }
  std::unique_ptr<BlobStore> store(new BlobStore(directory, options));
  GM_RETURN_IF_ERROR(store->TakeOver());
  return store;
}

absl::Status BlobStore::TakeOver() {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  fs::directory_iterator entry(directory_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(kUnfinished)) GM_RETURN_IF_ERROR(RemoveFile(entry->path().string()));
    std::error_code gone;
    const fs::file_time_type written = entry->last_write_time(gone);
    if (!gone && !Sha256OfName(name).empty()) found.emplace_back(written, name);
  }
  if (error) return ErrnoStatus(error.value(), fmt::format("can't read '{}'", directory_));
  std::sort(found.begin(), found.end());
  absl::MutexLock lock(&mutex_);
  for (const auto& [time, name] : found) {
    const std::uint64_t bytes = fs::file_size(directory_ + "/" + name, error);
    if (!error) Add(Sha256OfName(name), bytes);
  }
  return absl::OkStatus();
}

std::string BlobStore::PathOf(const std::string& sha256) const {
  return directory_ + "/" + HexOf(sha256);
}

void BlobStore::Touch(Blob& blob) {
  blob.used = Now();
  if (blob.spare) spare_by_use_.splice(spare_by_use_.end(), spare_by_use_, blob.place);
}

void BlobStore::SetSpare(const std::string& sha256, bool spare) {
  const auto found = blobs_.find(sha256);
  if (found == blobs_.end() || found->second.spare == spare) return;
  Blob& blob = found->second;
  blob.spare = spare;
  if (spare) {
    blob.place = spare_by_use_.insert(spare_by_use_.end(), sha256);
    spare_bytes_ += blob.bytes;
  } else {
    spare_by_use_.erase(blob.place);
    spare_bytes_ -= blob.bytes;
  }
}

void BlobStore::Add(const std::string& sha256, std::uint64_t bytes) {
  const auto [found, is_new] = blobs_.try_emplace(sha256);
  found->second.used = Now();
  if (!is_new) return;
  found->second.bytes = bytes;
  bytes_ += bytes;
  SetSpare(sha256, !needed_.contains(sha256));
}

bool BlobStore::TakeOut(const std::string& sha256) {
  const auto found = blobs_.find(sha256);
  if (found == blobs_.end() || !busy_.insert(sha256).second) return false;
  SetSpare(sha256, false);
  bytes_ -= found->second.bytes;
  blobs_.erase(found);
  return true;
}

void BlobStore::RemoveFiles(const std::vector<std::string>& taken_out) {
  for (const std::string& sha256 : taken_out) unlink(PathOf(sha256).c_str());
  absl::MutexLock lock(&mutex_);
  for (const std::string& sha256 : taken_out) busy_.erase(sha256);
}

bool BlobStore::Has(const std::string& sha256) {
  std::uint64_t bytes = 0;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = blobs_.find(sha256);
    if (found == blobs_.end()) return false;
    Touch(found->second);
    bytes = found->second.bytes;
  }
  struct stat status = {};
  if (stat(PathOf(sha256).c_str(), &status) == 0 &&
      static_cast<std::uint64_t>(status.st_size) == bytes) {
    return true;
  }
  Discard(sha256);  // somebody tidied up, or a disk lost it
  return false;
}

void BlobStore::Discard(const std::string& sha256) {
  {
    absl::MutexLock lock(&mutex_);
    if (!TakeOut(sha256)) return;
  }
  RemoveFiles({sha256});
}

std::uint64_t BlobStore::FreeBytes() const {
  const std::optional<DiskSpace> disk = DiskSpaceOf(directory_);
  return disk ? disk->free_bytes : std::numeric_limits<std::uint64_t>::max() / 2;
}

absl::Status BlobStore::CheckRoom(std::uint64_t bytes, std::uint64_t beside,
                                  std::uint64_t free_bytes) {
  if (beside + bytes > options_.bytes_max) {
    return ResourceExhausted(
        "there is no room for a file of {} beside the {} of other jobs' files in '{}', where {} "
        "is the most; try again when some of these jobs have ended",
        FormatBytes(bytes), FormatBytes(beside), directory_, FormatBytes(options_.bytes_max));
  }
  if (free_bytes + spare_bytes_ < options_.reserve_bytes + bytes) {
    return ResourceExhausted(
        "there is no room for a file of {} in '{}': {} are free on its disk, and {} must stay so; "
        "free some space there",
        FormatBytes(bytes), directory_, FormatBytes(free_bytes),
        FormatBytes(options_.reserve_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<BlobWriter>> BlobStore::Begin(const std::string& sha256,
                                                             std::uint64_t bytes) {
  if (sha256.size() != kSha256Bytes) {
    return InvalidArgument("a SHA-256 has {} bytes, not {}", kSha256Bytes, sha256.size());
  }
  if (bytes > kShippedFileBytesMax) {
    return InvalidArgument(
        "a file of {} is larger than the {} that may come with a job; put it where all workers see "
        "it and pass its path as a parameter",
        FormatBytes(bytes), FormatBytes(kShippedFileBytesMax));
  }
  const std::uint64_t free_bytes = FreeBytes();
  std::string path;
  {
    absl::MutexLock lock(&mutex_);
    GM_RETURN_IF_ERROR(CheckRoom(bytes, bytes_ - spare_bytes_ + promised_,
                                 free_bytes - std::min(promised_, free_bytes)));
    promised_ += bytes;
    path = fmt::format("{}/{}{}", directory_, kUnfinished, ++next_file_);
  }
  absl::StatusOr<File> file = File::Create(path);
  if (!file.ok()) {
    GiveUp(0, bytes);
    return file.status();
  }
  return std::unique_ptr<BlobWriter>(new BlobWriter(this, sha256, bytes, *std::move(file)));
}

absl::Status BlobStore::TakeRoom(std::uint64_t bytes) {
  const std::uint64_t free_bytes = FreeBytes();
  std::vector<std::string> taken_out;
  {
    absl::MutexLock lock(&mutex_);
    GM_RETURN_IF_ERROR(CheckRoom(bytes, bytes_ - spare_bytes_, free_bytes));
    const std::uint64_t before = bytes_;
    for (auto next = spare_by_use_.begin(); next != spare_by_use_.end();) {
      const bool room = bytes_ + bytes <= options_.bytes_max;
      const std::uint64_t freed = before - bytes_;
      if (room && free_bytes + freed >= options_.reserve_bytes + bytes) break;
      const std::string sha256 = *next++;
      if (TakeOut(sha256)) taken_out.push_back(sha256);
    }
    bytes_ += bytes;
    promised_ -= bytes;
  }
  if (!taken_out.empty()) RemoveFiles(taken_out);
  return absl::OkStatus();
}

void BlobStore::GiveUp(std::uint64_t written, std::uint64_t promised) {
  absl::MutexLock lock(&mutex_);
  bytes_ -= written;
  promised_ -= promised;
}

absl::Status BlobStore::PutInPlace(const std::string& from, const std::string& sha256,
                                   std::uint64_t bytes) {
  if (chmod(from.c_str(), 0444) != 0) {
    return ErrnoStatus(errno, fmt::format("can't make '{}' read-only", from));
  }
  if (options_.sync) GM_RETURN_IF_ERROR(Sync(from));
  {
    const auto is_free = [this, &sha256]()
                             ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !busy_.contains(sha256); };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_free));
    busy_.insert(sha256);
  }
  const absl::Status renamed = RenameFile(from, PathOf(sha256));
  absl::MutexLock lock(&mutex_);
  busy_.erase(sha256);
  GM_RETURN_IF_ERROR(renamed);
  bytes_ -= bytes;  // Add counts it, unless it came twice
  Add(sha256, bytes);
  return absl::OkStatus();
}

absl::Status BlobStore::SyncDirectory() const {
  return options_.sync ? Sync(directory_) : absl::OkStatus();
}

void BlobStore::Keep(std::uint64_t owner, std::vector<std::string> blobs) {
  if (blobs.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (const std::string& sha256 : blobs) {
    if (++needed_[sha256] == 1) SetSpare(sha256, false);
  }
  kept_.emplace(owner, std::move(blobs));
}

bool BlobStore::Release(std::uint64_t owner) {
  absl::MutexLock lock(&mutex_);
  const auto found = kept_.find(owner);
  if (found == kept_.end()) return false;
  for (const std::string& sha256 : found->second) {
    if (--needed_[sha256] > 0) continue;
    needed_.erase(sha256);
    if (const auto blob = blobs_.find(sha256); blob != blobs_.end()) blob->second.used = Now();
    SetSpare(sha256, true);
  }
  kept_.erase(found);
  return true;
}

void BlobStore::RemoveUnused(DurationMs age_ms) {
  std::vector<std::string> taken_out;
  {
    absl::MutexLock lock(&mutex_);
    for (auto next = spare_by_use_.begin(); next != spare_by_use_.end();) {
      const std::string sha256 = *next++;
      if (Now() - blobs_.at(sha256).used < age_ms) break;
      if (TakeOut(sha256)) taken_out.push_back(sha256);
    }
  }
  RemoveFiles(taken_out);
}

BlobWriter::~BlobWriter() {
  if (placed_) return;
  RemoveFile(file_.path()).IgnoreError();
  store_->GiveUp(written_, bytes_ - written_);
}

absl::Status BlobWriter::Append(std::string_view bytes) {
  if (bytes.size() > bytes_ - written_) {
    return DataLoss("more came than the {} bytes that were announced; send the file again", bytes_);
  }
  GM_RETURN_IF_ERROR(store_->TakeRoom(bytes.size()));
  written_ += bytes.size();
  hash_.Update(bytes);
  return file_.Write(bytes);
}

absl::Status BlobWriter::Finish() {
  if (written_ < bytes_) {
    return DataLoss("{} of {} bytes came; send the file again", written_, bytes_);
  }
  if (const std::string came = hash_.Finish(); came != sha256_) {
    return DataLoss(
        "what came is not what was announced (SHA-256 {}… instead of {}…); the file may have "
        "changed meanwhile, so send it again",
        HexOf(came).substr(0, 12), HexOf(sha256_).substr(0, 12));
  }
  GM_RETURN_IF_ERROR(file_.Close());
  GM_RETURN_IF_ERROR(store_->PutInPlace(file_.path(), sha256_, bytes_));
  placed_ = true;
  return store_->SyncDirectory();
}

}  // namespace gristmill
