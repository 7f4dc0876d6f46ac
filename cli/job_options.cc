#include "cli/job_options.h"

#include <CLI/CLI.hpp>

#include "cli/command_line.h"

namespace gristmill::cli {
namespace {

void AddInputFlags(CLI::App* command, JobFlags* flags) {
  command
      ->add_option(
          "JOB", flags->job,
          "Name of the job ('gristmill jobs' lists them), or PATH.so:NAME of one in a shared "
          "object")
      ->type_name(kJobNameType)
      ->required();
  command
      ->add_option(
          "-i,--input", flags->inputs,
          "Files, directories or globs to read; NAME=PATH for a job whose inputs have names")
      ->type_name("PATH");
}

void AddOutputFlags(CLI::App* command, JobFlags* flags) {
  command->add_option("-o,--output", flags->output, "Directory for the result, new or empty")
      ->type_name("DIRECTORY");
  command->add_flag("--overwrite", flags->overwrite,
                    "Replace what an earlier job left in --output");
}

void AddDivisionFlags(CLI::App* command, JobFlags* flags) {
  command->add_option("-p,--param", flags->params, "A parameter of the job; repeat for more")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--partitions", flags->partitions,
                   "Reduce tasks and output files [the job's own, mostly 4]")
      ->type_name("N");
  command->add_option("--split-size", flags->split_size, "Most input per map task [64MiB]")
      ->type_name("SIZE");
  command
      ->add_option("--splits", flags->splits, "Map tasks of a job on integers, such as primes [64]")
      ->type_name("N");
  command
      ->add_option("--memory", flags->memory, "Memory of a process for sorting and merging [1GiB]")
      ->type_name("SIZE");
  command
      ->add_option("--output-format", flags->output_format,
                   "text, records or fixed [the job's own]")
      ->type_name("FORMAT");
  command
      ->add_option("--max-attempts", flags->max_attempts,
                   "Tries of a task before it has failed for good [4]")
      ->type_name("N");
  command
      ->add_option("--task-timeout,--timeout", flags->control.task_timeout,
                   "Most time for a try of a task, or most of the median of its stage, such as "
                   "300% (not where tasks share what they read or cache); then it counts as failed "
                   "[no limit]")
      ->type_name("DURATION|PERCENT%");
  command
      ->add_option("--skip-bad-records", flags->skip_bad_records,
                   "Records, at most, to set aside in OUTPUT/_bad if the job's code dies at them "
                   "twice [0]")
      ->type_name("N");
}

// Of the job "stream".
void AddStreamFlags(CLI::App* command, StreamFlags* flags) {
  constexpr char kGroup[] = "Any program as a job (stream)";
  const auto add = [&](const char* name, auto* value, const char* help, const char* type) {
    command->add_option(name, *value, help)->type_name(type)->group(kGroup);
  };
  add("--mapper", &flags->mapper, "Reads lines of input, writes lines KEY<tab>VALUE", "COMMAND");
  add("--reducer", &flags->reducer, "Reads those lines in the order of their keys [map only]",
      "COMMAND");
  add("--combiner", &flags->combiner, "Shortens what a map task wrote, as the reducer would",
      "COMMAND");
  add("--separator", &flags->separator, "Between key and value, and fields of the key [tab]",
      "CHARACTER");
  add("--key-fields", &flags->key_fields, "How many fields of a line are its key [1]", "N");
  add("--partition-fields", &flags->partition_fields, "How many of them decide the partition [all]",
      "N");
  add("--sort", &flags->sort, "The order of the keys, as for sort(1): '-k1,1 -k2,2nr' [bytes]",
      "KEYS");
  command
      ->add_option("--cmdenv", flags->environment,
                   "A variable for the commands' environment; repeat for more")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group(kGroup);
}

}  // namespace

void AddFileFlags(CLI::App* command, JobFlags* flags) {
  command
      ->add_option("--file", flags->files,
                   "A file that the job needs: every task finds it in its working directory, under "
                   "NAME if that is given; repeat for more")
      ->type_name("PATH[#NAME]")
      ->allow_extra_args(false);
}

void AddJobFlags(CLI::App* command, JobFlags* flags) {
  AddInputFlags(command, flags);
  AddOutputFlags(command, flags);
  AddFileFlags(command, flags);
  AddDivisionFlags(command, flags);
  AddStreamFlags(command, &flags->stream);
}

void AddJobFlagsWithoutOutput(CLI::App* command, JobFlags* flags) {
  AddInputFlags(command, flags);
  AddFileFlags(command, flags);
  AddDivisionFlags(command, flags);
  AddStreamFlags(command, &flags->stream);
}

void AddControlFlags(CLI::App* command, ControlFlags* flags) {
  constexpr char kGroup[] = "Control of tasks";
  const auto add = [&](const char* name, auto* value, const char* help, const char* type) {
    return command->add_option(name, *value, help)->type_name(type)->group(kGroup);
  };
  command
      ->add_flag("--dry-run", flags->dry_run,
                 "Check everything and print the plan; make and run nothing")
      ->group(kGroup);
  add("--task-cpus", &flags->task_cpus, "Slots that a task takes of its worker [1]", "N");
  add("--task-memory", &flags->task_memory, "Memory that a task takes of its worker [not counted]",
      "SIZE");
  add("--task-gpus", &flags->task_gpus,
      "GPUs that a task takes; CUDA_VISIBLE_DEVICES tells a stream program which [0]", "N");
  add("--require", &flags->require, "A label that a task's worker must have; repeat for more",
      "LABEL")
      ->allow_extra_args(false);
  add("--halt", &flags->halt,
      "Fail the job once so many tasks, or such a share of a stage's, failed for good, and leave "
      "them out until then [fail=1]",
      "fail=N|fail=N%");
  command
      ->add_flag("-k,--keep-order", flags->keep_order,
                 "Refuse a job whose output files are not in the order of the input; those of a "
                 "map-only job always are")
      ->group(kGroup);
  add("--job-log", &flags->job_log, "Write what became of each task to this file, as TSV", "FILE");
}

}  // namespace gristmill::cli
