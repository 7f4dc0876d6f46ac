// The reader of record files. What was written and then damaged is read as it was or is DataLoss;
// what was forged, with every checksum right, is read without harm.
#include "worker/pipeline/record_file.h"

#include "gristmill/pair_codec.h"
#include "tests/fuzz/drawn_run_file.h"
#include "worker/pipeline/output_writer.h"

namespace gristmill::fuzz {
namespace {

const worker::RecordTypes kTypes{"string", "pair<string,u64>"};

const ScratchDirectory& Scratch() {
  static const ScratchDirectory scratch;
  return scratch;
}

absl::StatusOr<std::string> ReadAll(const std::string& path, worker::RecordTypes* types) {
  GM_ASSIGN_OR_RETURN(auto reader, worker::RecordFileReader::Open(path));
  *types = reader.types();
  std::string all, block;
  while (true) {
    GM_ASSIGN_OR_RETURN(const bool more, reader.NextBlock(&block));
    if (!more) return all;
    all += block;
  }
}

void ReadDamaged(Input& input) {
  Input damage = input.Split();
  worker::OutputWriter writer(Scratch().path("good"), v1::OUTPUT_FORMAT_RECORD_FILE, kTypes);
  std::string written;
  for (std::uint32_t blocks = input.Below(5); blocks > 0; --blocks) {
    std::uint64_t pairs = 0;
    const std::string block = DrawBlock(input, &pairs);
    writer.Append(block, pairs);
    written += block;
  }
  writer.Finish();
  const std::string good = Scratch().Read("good");
  const std::string bad = Damaged(good, damage);
  worker::RecordTypes types;
  const auto read = ReadAll(Scratch().Write("bad", bad), &types);
  if (read.ok()) {
    Expect(*read == written && types == kTypes, "the file was read as something else");
  } else {
    Expect(absl::IsDataLoss(read.status()), "{}", read.status().ToString());
    Expect(bad != good, "a good file is refused: {}", read.status().ToString());
  }
}

void ReadForged(Input& input) {
  std::string file =
      worker::EncodeRecordFileHeader({std::string(input.Text()), std::string(input.Text())});
  worker::RecordFileTotals totals;
  for (std::uint32_t blocks = input.Below(5); blocks > 0; --blocks) {
    file += ForgeBlock(input, {.number = totals.blocks});
    totals.blocks += 1;
    totals.pairs += input.Byte();
  }
  file += worker::EncodeRecordFileFooter(totals);
  file += input.Rest();
  worker::RecordTypes types;
  const auto read = ReadAll(Scratch().Write("forged", file), &types);
  Expect(read.ok() || absl::IsDataLoss(read.status()), "{}", read.status().ToString());
  if (read.ok()) Expect(read->size() <= file.size(), "more was read than there is");
}

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gristmill::fuzz::Input input(data, size);
  input.Flag() ? gristmill::fuzz::ReadForged(input) : gristmill::fuzz::ReadDamaged(input);
  return 0;
}
