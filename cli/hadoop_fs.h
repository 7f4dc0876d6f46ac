// `gristmill hadoop fs …`: the commands of Hadoop's file system shell, on the file systems that all
// hosts of a cluster see. Behaviour, output and exit codes are those that its guide describes:
// https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-common/FileSystemShell.html
#pragma once

#include <string>
#include <vector>

namespace gristmill::cli {

// `arguments` follow "fs": {"-ls", "/data"}. Prints; returns the exit code: 0; 1 if something could
// not be done; 255 after wrong usage.
int RunHadoopFs(const std::vector<std::string>& arguments);

// For the help text: the names of all commands, with their dashes.
std::vector<std::string> HadoopFsCommands();

}  // namespace gristmill::cli
