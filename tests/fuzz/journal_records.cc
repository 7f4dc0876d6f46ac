// From the journal's messages to the core's records: any message is refused as DataLoss or becomes
// a record that is written and read again as itself.
#include "base/status.h"
#include "coordinator/admission.h"
#include "coordinator/journal/record_codec.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/quiet.h"

namespace gristmill::fuzz {
namespace {

void Decode(const v1::JournalRecord& message) {
  const auto record = coordinator::DecodeRecord(message, coordinator::ShapeOf);
  if (!record.ok()) {
    Expect(absl::IsDataLoss(record.status()), "{}", record.status().ToString());
    return;
  }
  coordinator::RecordContext context{
      message.job_submitted().unix_ms() + message.job_state_changed().unix_ms(),
      &message.job_submitted().plan()};
  const v1::JournalRecord written = coordinator::EncodeRecord(*record, context);
  const auto read = coordinator::DecodeRecord(written, coordinator::ShapeOf);
  Expect(read.ok(), "what was written is refused: {}", read.status().ToString());
  const v1::JournalRecord again = coordinator::EncodeRecord(*read, context);
  Expect(again.SerializeAsString() == written.SerializeAsString(), "{}\nbecame\n{}",
         written.DebugString(), again.DebugString());
}

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  [[maybe_unused]] static const bool kQuiet = gristmill::fuzz::BeQuiet();
  gristmill::v1::JournalRecord message;
  if (message.ParseFromArray(data, static_cast<int>(size))) gristmill::fuzz::Decode(message);
  return 0;
}
