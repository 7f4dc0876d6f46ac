// A directory that lives as long as the object.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace gristmill::cli {

class TempDirectory {
 public:
  // Makes PARENT/gristmill-XXXXXX, readable by this user alone. An empty parent means $TMPDIR, else
  // /tmp.
  static absl::StatusOr<TempDirectory> Make(std::string parent);
  TempDirectory(TempDirectory&& other) noexcept;
  TempDirectory& operator=(TempDirectory&&) = delete;
  ~TempDirectory();

  const std::string& path() const { return path_; }
  // Deletes it with all it holds; what can't be deleted within two seconds, in which processes and
  // threads that are ending may still write there, stays. Callable from any thread, once more does
  // no harm.
  void Remove() const;
  // It outlives the object.
  void Keep() { kept_ = true; }

 private:
  explicit TempDirectory(std::string path);
  std::string path_;
  bool kept_ = false;
};

}  // namespace gristmill::cli
