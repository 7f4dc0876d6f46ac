// The options by which subcommands take a job.
#pragma once

#include "cli/job_flags.h"

namespace CLI {
class App;
}

namespace gristmill::cli {

// Which job on which input, where the result goes, and how the work is divided. `flags` must live
// until the command line is parsed.
void AddJobFlags(CLI::App* command, JobFlags* flags);
// --file.
void AddFileFlags(CLI::App* command, JobFlags* flags);
// For subcommands that choose the output directory themselves.
void AddJobFlagsWithoutOutput(CLI::App* command, JobFlags* flags);

// How the tasks run; of subcommands that run one job once.
void AddControlFlags(CLI::App* command, ControlFlags* flags);

}  // namespace gristmill::cli
