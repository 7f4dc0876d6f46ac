#include "worker/pipeline/record_text.h"

#include <fmt/format.h>

#include "base/readable_text.h"

namespace gristmill::worker {
namespace {

std::string Beginning(const RecordMark& mark) {
  const std::string_view beginning = mark.beginning();
  const bool captured = !beginning.empty() || mark.bytes() == 0;
  if (!captured) return {};
  const bool cut = beginning.size() < mark.bytes();
  return (cut ? " beginning " : " ") + Quoted(beginning, cut);
}

}  // namespace

std::string DescribeRecord(const RecordMark& mark, std::string_view path) {
  switch (mark.what()) {
    case RecordMark::What::kInputRecord:
      return fmt::format("record at {} offset {}{}", ReadableText(path), mark.offset(),
                         Beginning(mark));
    case RecordMark::What::kKey: {
      const std::string beginning = Beginning(mark);
      return beginning.empty() ? beginning : "key" + beginning;
    }
    case RecordMark::What::kNothing:
      break;
  }
  return {};
}

}  // namespace gristmill::worker
