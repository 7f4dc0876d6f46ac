// The commands that a job runs as its mapper, combiner and reducer.
#pragma once

#include <string>
#include <string_view>

namespace gristmill::stream {

// What /bin/sh is given. A command that is one program with its arguments takes the shell's place,
// so that there is no process more than need be.
std::string ShellTextOf(const std::string& command);

// The program that the command runs, as it is written; empty where only a shell could tell.
std::string_view ProgramOf(std::string_view command);

// Throws TaskError with one sentence if it can be told beforehand that the command won't run: its
// program is not there or not executable, or is a script of which nobody says who is to interpret
// it. `what` is "mapper" and the like; `directory` is where it will run and is searched before the
// places of `path`, unless it is empty.
void CheckCommand(std::string_view what, const std::string& command, const std::string& directory,
                  std::string_view path);

}  // namespace gristmill::stream
