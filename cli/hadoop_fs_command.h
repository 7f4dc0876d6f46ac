// What the commands of `hadoop fs` share: their arguments, paths and complaints.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gristmill::cli {

// A path as it was given, or as it follows from one that was, and where that is.
struct FsPath {
  std::string shown;  // "file:///data/x" as well as "/data/x"
  std::string local;

  std::string name() const;  // its last component
  FsPath Child(const std::string& child) const;
};

// One call of a command. What goes wrong with one path does not keep it from the others.
class FsCall {
 public:
  FsCall(std::string name, std::set<std::string> options, std::vector<std::string> operands)
      : name_(std::move(name)), options_(std::move(options)), operands_(std::move(operands)) {}

  bool Has(std::string_view option) const { return options_.contains(std::string(option)); }
  const std::vector<std::string>& operands() const { return operands_; }

  // "ls: `/x': No such file or directory".
  void Complain(std::string_view shown, std::string_view why);
  // Likewise, for an errno.
  void ComplainErrno(std::string_view shown, int error);
  // Without a path.
  void Complain(std::string_view why);
  // Without a word.
  void Fail() { failed_ = true; }
  int exit_code() const { return failed_ ? 1 : 0; }

  // The path, which need not exist. False, after a complaint, if it is on another file system.
  bool Locate(const std::string& operand, FsPath* path);
  // What the operand names, by a pattern or not; complains if that is nothing, unless `quietly`.
  std::vector<FsPath> Expand(const std::string& operand, bool quietly = false);
  // Of all operands from `first` to before `last`.
  std::vector<FsPath> ExpandAll(std::size_t first, std::size_t last);
  // What a directory holds, sorted; complains if that can't be told.
  std::vector<std::string> NamesIn(const FsPath& directory);

 private:
  const std::string name_;  // without its dash
  const std::set<std::string> options_;
  const std::vector<std::string> operands_;
  bool failed_ = false;
};

struct FsCommand {
  std::string_view name;
  std::string_view options;  // names between blanks
  std::size_t operands_min;
  std::size_t operands_max;
  std::string_view usage;  // of its options and operands
  void (*run)(FsCall& call);
};

// hadoop_fs_list.cc, hadoop_fs_read.cc, hadoop_fs_copy.cc, hadoop_fs_change.cc
std::span<const FsCommand> FsListCommands();
std::span<const FsCommand> FsReadCommands();
std::span<const FsCommand> FsCopyCommands();
std::span<const FsCommand> FsChangeCommands();

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

}  // namespace gristmill::cli
