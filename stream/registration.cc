// The job "stream" among those of the binary.
#include <utility>

#include "gristmill/registry.h"
#include "stream/stream_params.h"
#include "stream/stream_task.h"

namespace gristmill::stream {
namespace {

constexpr char kDetails[] =
    "Each map task gives the lines of its split to the mapper's stdin. Each line that the mapper "
    "writes is a pair: the key up to the first tab, the value behind it; a line without a tab is a "
    "key with an empty value. The reducer gets the pairs of its partition as lines, key and value "
    "with a tab between them, in the order of the bytes of the keys, equal keys in the order in "
    "which they were written; the lines that it writes are the output. Without a reducer those of "
    "the mapper are. A combiner may shorten what a map task wrote before it is sent.\n"
    "Commands are run by /bin/sh, in the directory of the files that were shipped with the job if "
    "there are any. One that exits with another code than 0 fails its task; one that does not read "
    "all of "
    "its input does not. Lines such as reporter:counter:GROUP,NAME,N on stderr count.";

std::string CheckParams(const ParamMap& params) {
  try {
    StreamParams::Parse(params);
    return "";
  } catch (const TaskError& error) {
    return error.what();
  }
}

// What a mapper writes may depend on where its input begins and ends, and nobody knows at which of
// the lines it was given it fails.
JobDeclaration Declare(const ParamMap& params) {
  const auto reducer = params.find("reducer");
  const bool has_shuffle = reducer != params.end() && !reducer->second.empty();
  return {.stages = StagesOfOneInput(has_shuffle, false, /*one_task_per_split=*/true),
          .knows_records = false};
}

[[maybe_unused]] const bool registered = [] {
  JobInfo info;
  info.name = kJobName;
  info.summary = "run any programs as mapper and reducer, on lines of text";
  info.details = kDetails;
  info.params = StreamParams::Infos();
  info.key_type = "string";
  info.value_type = "string";
  info.check_params = CheckParams;
  info.declare = Declare;
  info.make_task = MakeStreamTask;
  return RegisterJob(std::move(info));
}();

}  // namespace
}  // namespace gristmill::stream
