#include "storage/input_files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <unordered_set>

#include "base/status.h"
#include "storage/file.h"

namespace gristmill {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kAlternativesMax = 10'000;

absl::Status TooMany(const std::string& input, std::size_t files_max) {
  return InvalidArgument(
      "with '{}' the job reads more than {} files; join them into fewer, or run several jobs",
      input, files_max);
}

// Names that tools use for what is not data: ".part-0.swp", "_SUCCESS", "_temporary".
bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name.starts_with('_');
}

v1::Compression CompressionOf(std::string_view first_bytes) {
  if (first_bytes.starts_with("\x1f\x8b\x08")) return v1::COMPRESSION_GZIP;
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) return v1::COMPRESSION_ZSTD;
  // A skippable zstd frame, 0x184D2A50 to 0x184D2A5F: what parallel compressors begin with.
  const bool skippable = first_bytes.size() >= 4 && (first_bytes[0] & 0xf0) == 0x50 &&
                         first_bytes.substr(1, 3) == "\x2a\x4d\x18";
  return skippable ? v1::COMPRESSION_ZSTD : v1::COMPRESSION_NONE;
}

absl::StatusOr<v1::InputFile> DescribeFile(const std::string& path) {
  if (!IsUtf8(path)) return InvalidArgument("the name of '{}' is not UTF-8; rename it", path);
  GM_ASSIGN_OR_RETURN(const File file, File::OpenForReading(path));
  GM_ASSIGN_OR_RETURN(const std::uint64_t bytes, file.Size());
  char first[4];
  GM_ASSIGN_OR_RETURN(const std::size_t got, file.ReadAt(0, first, sizeof first));
  v1::InputFile input;
  input.set_path(path);
  input.set_bytes(bytes);
  input.set_compression(CompressionOf({first, got}));
  return input;
}

// All regular files below `directory`. Links to files are followed, links to directories are not:
// they may lead in circles.
absl::Status ListDirectory(const std::string& directory, std::size_t files_max,
                           std::vector<std::string>* paths) {
  std::error_code error;
  fs::recursive_directory_iterator it(directory, error), end;
  for (; !error && it != end && paths->size() <= files_max; it.increment(error)) {
    if (IsHidden(it->path())) {
      it.disable_recursion_pending();
    } else if (std::error_code ignored; it->is_regular_file(ignored)) {
      paths->push_back(it->path().string());
    }
  }
  if (error) return ErrnoStatus(error.value(), fmt::format("can't list '{}'", directory));
  return absl::OkStatus();
}

// The path without repeated and trailing slashes, so that one file has one name.
std::string Normalise(const std::string& path) {
  std::string normal = fs::path(path).lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

// Of how many patterns a glob with braces is short for, at most: glob() would make them all.
std::uint64_t CountAlternatives(std::string_view pattern) {
  std::uint64_t product = 1, in_group = 1;
  for (const char c : pattern) {
    if (c == ',') {
      ++in_group;
    } else if (c == '{' || c == '}') {
      product = std::min<std::uint64_t>(product * in_group, kAlternativesMax + 1);
      in_group = 1;
    }
  }
  return product;
}

absl::StatusOr<std::vector<std::string>> ExpandGlob(const std::string& pattern) {
  if (CountAlternatives(pattern) > kAlternativesMax) {
    return InvalidArgument(
        "the braces of the input '{}' stand for more than {} names; use * or name a directory",
        pattern, kAlternativesMax);
  }
  glob_t found{};
  const int result = ::glob(pattern.c_str(), GLOB_NOSORT | GLOB_BRACE, nullptr, &found);
  std::vector<std::string> paths;
  for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i) {
    paths.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  if (result == GLOB_NOSPACE) return ResourceExhausted("'{}' matches too many files", pattern);
  // "out/*" must not read "_SUCCESS"; who writes the underscore means it.
  if (!IsHidden(pattern)) std::erase_if(paths, [](const auto& path) { return IsHidden(path); });
  return paths;
}

// The files that one argument names, sorted by path.
absl::StatusOr<std::vector<std::string>> Expand(const std::string& input, std::size_t files_max) {
  struct stat info;
  std::vector<std::string> roots = {input};
  if (::stat(input.c_str(), &info) != 0) {
    const int error = errno;
    if (error != ENOENT) return ErrnoStatus(error, fmt::format("can't read the input '{}'", input));
    if (input.find_first_of("*?[{") == std::string::npos) {
      return NotFound("the input '{}' does not exist", input);
    }
    GM_ASSIGN_OR_RETURN(roots, ExpandGlob(input));
    if (roots.empty()) return NotFound("no file matches the input '{}'", input);
  }
  std::vector<std::string> paths;
  for (const std::string& root : roots) {
    if (std::error_code ignored; fs::is_directory(root, ignored)) {
      GM_RETURN_IF_ERROR(ListDirectory(root, files_max, &paths));
    } else {
      paths.push_back(root);
    }
  }
  if (paths.size() > files_max) return TooMany(input, files_max);
  if (paths.empty()) return NotFound("the input directory '{}' holds no file to read", input);
  for (std::string& path : paths) path = Normalise(path);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

absl::StatusOr<std::vector<v1::InputFile>> FindInputFiles(const std::vector<std::string>& inputs,
                                                          std::size_t files_max) {
  std::vector<v1::InputFile> files;
  std::unordered_set<std::string> seen;
  for (const std::string& input : inputs) {
    if (!input.starts_with('/')) {
      return InvalidArgument("the input '{}' is not an absolute path", input);
    }
    GM_ASSIGN_OR_RETURN(const std::vector<std::string> paths, Expand(input, files_max));
    for (const std::string& path : paths) {
      if (!seen.insert(path).second) continue;
      if (seen.size() > files_max) return TooMany(input, files_max);
      GM_ASSIGN_OR_RETURN(v1::InputFile file, DescribeFile(path));
      if (file.bytes() > 0) files.push_back(std::move(file));
    }
  }
  return files;
}

}  // namespace gristmill
