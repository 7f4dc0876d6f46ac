#include "stream/command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "gristmill/task.h"

namespace gristmill::stream {
namespace {

constexpr std::string_view kProgramCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";

// What a shell does itself, and for which there may be no program, or one that does it otherwise:
// sh's echo knows \t, /bin/echo does not. A '[' is left to the shell for not being of a program's
// name.
constexpr std::string_view kShellWords[] = {
    ".",        "echo",     "false",   "kill",  "printf",  "pwd",      "test",    "true",  "alias",
    "bg",       "break",    "case",    "cd",    "command", "continue", "declare", "do",    "done",
    "elif",     "else",     "esac",    "eval",  "exec",    "exit",     "export",  "fg",    "fi",
    "for",      "function", "getopts", "hash",  "if",      "jobs",     "let",     "local", "read",
    "readonly", "return",   "set",     "shift", "shopt",   "source",   "then",    "time",  "times",
    "trap",     "type",     "ulimit",  "umask", "unalias", "unset",    "until",   "wait",  "while"};

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

bool IsFile(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// Where the program is, as execvp would look for it; empty if it is nowhere.
std::string Find(std::string_view program, const std::string& directory, std::string_view path) {
  if (program.find('/') != program.npos) {
    std::string place(program);
    if (!program.starts_with('/') && !directory.empty()) place = directory + "/" + place;
    return IsFile(place) ? place : "";
  }
  const std::string folders =
      directory.empty() ? std::string(path) : directory + ":" + std::string(path);
  std::string not_executable;
  for (std::string_view rest = folders; !rest.empty();) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    std::string place = (folder.empty() ? "." : std::string(folder)) + "/" + std::string(program);
    if (!IsFile(place)) continue;
    if (access(place.c_str(), X_OK) == 0) return place;
    if (not_executable.empty()) not_executable = std::move(place);
  }
  return not_executable;
}

// A text that does not begin with #!.
bool LacksInterpreter(const std::string& file) {
  char head[256];
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t bytes = read(fd, head, sizeof head);
  close(fd);
  if (bytes < 0) return false;
  const std::string_view text(head, static_cast<std::size_t>(bytes));
  return !text.starts_with("#!") && text.find('\0') == text.npos;
}

}  // namespace

std::string_view ProgramOf(std::string_view command) {
  command.remove_prefix(std::min(command.find_first_not_of(" \t"), command.size()));
  if (command.find_first_of(";&|<>()`\n") != command.npos) return {};
  const std::string_view word = command.substr(0, command.find_first_of(" \t"));
  if (word.find_first_not_of(kProgramCharacters) != word.npos) return {};
  if (std::find(std::begin(kShellWords), std::end(kShellWords), word) != std::end(kShellWords))
    return {};
  return word;
}

std::string ShellTextOf(const std::string& command) {
  return ProgramOf(command).empty() ? command : "exec " + command;
}

void CheckCommand(std::string_view what, const std::string& command, const std::string& directory,
                  std::string_view path) {
  const std::string_view program = ProgramOf(command);
  if (program.empty()) return;
  const std::string the_command = "the " + std::string(what) + " " + Quoted(command);
  const std::string file = Find(program, directory, path);
  if (file.empty()) {
    throw TaskError(the_command + " can't run, for there is no program " + Quoted(program) +
                    " here; install it on all hosts, or ship it with --file");
  }
  if (access(file.c_str(), X_OK) != 0) {
    throw TaskError(the_command + " can't run, for " + Quoted(file) +
                    " is not executable; make it so with chmod +x, or say which program runs it, "
                    "as in 'python3 " +
                    std::string(program) + "'");
  }
  if (LacksInterpreter(file)) {
    throw TaskError(the_command + " can't run, for " + Quoted(file) +
                    " is a script without an interpreter line; begin it with a line such as "
                    "'#!/usr/bin/env python3', or say which program runs it, as in 'python3 " +
                    std::string(program) + "'");
  }
}

}  // namespace gristmill::stream
