// The reader of run files. What was written and then damaged is read as it was or is DataLoss; what
// was forged, with every checksum right, is read without harm.
#include "tests/fuzz/drawn_run_file.h"
#include "worker/pipeline/segment_reader.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::fuzz {
namespace {

const ScratchDirectory& Scratch() {
  static const ScratchDirectory scratch;
  return scratch;
}

void ReadDamaged(Input& input) {
  Input damage = input.Split();
  const std::vector<std::string> parts = WriteDrawnRunFile(Scratch().path("good"), input);
  const std::string good = Scratch().Read("good");
  const std::string bad = Damaged(good, damage);
  const std::string path = Scratch().Write("bad", bad);
  for (std::uint32_t p = 0; p < kDrawnPartitions; ++p) {
    const auto read = ReadPartition(path, p);
    if (read.ok()) {
      Expect(*read == parts[p], "partition {} was read as something else", p);
    } else {
      Expect(absl::IsDataLoss(read.status()), "{}", read.status().ToString());
      Expect(bad != good, "a good file is refused: {}", read.status().ToString());
    }
  }
}

worker::IndexEntry ForgeEntry(Input& input) {
  worker::IndexEntry entry{.run = input.Below(3),
                           .partition = input.Below(kDrawnPartitions),
                           .offset = input.Byte(),
                           .bytes = input.Byte(),
                           .pairs = input.Byte(),
                           .blocks = input.Byte(),
                           .block_bytes_max = input.Number<std::uint32_t>()};
  if (input.Below(16) == 1) entry.bytes = input.Number<std::uint64_t>();
  if (input.Below(16) == 1) entry.pairs = input.Number<std::uint64_t>();
  if (input.Below(16) == 1) entry.blocks = input.Number<std::uint32_t>();
  return entry;
}

std::string ForgeFile(Input& input) {
  std::string file = worker::EncodeRunFileHeader(kDrawnId);
  std::vector<worker::IndexEntry> index;
  for (std::uint32_t entries = input.Below(5); entries > 0; --entries) {
    worker::IndexEntry entry = ForgeEntry(input);
    const std::size_t offset = file.size();
    for (std::uint32_t blocks = input.Below(4), i = 0; i < blocks; ++i) {
      file += ForgeBlock(input, {kDrawnId.attempt.value(), entry.run, entry.partition, i});
    }
    if (input.Below(16) != 1) entry.offset = offset;
    if (input.Below(16) != 1) entry.bytes = file.size() - offset;
    index.push_back(entry);
  }
  file += worker::EncodeIndex(index, file.size(), kDrawnId.attempt);
  return file;
}

void ReadForgedPartition(const std::string& path, std::uint32_t partition) {
  const auto run = worker::OpenRunFile(path, kDrawnId, partition);
  if (!run.ok()) {
    Expect(absl::IsDataLoss(run.status()), "{}", run.status().ToString());
    return;
  }
  for (const worker::IndexEntry& entry : run->entries) {
    try {
      worker::SegmentReader reader({path, kDrawnId.attempt, entry, kDrawnId.task});
      std::size_t bytes = 0;  // so that every one is looked at
      while (reader.has_more_blocks()) {
        reader.LoadBlock();
        for (EncodedPair pair; reader.NextInBlock(&pair);) {
          bytes += std::string(pair.key, pair.key_bytes).size();
          bytes += std::string(pair.value, pair.value_bytes).size();
        }
      }
      Expect(bytes <= entry.blocks * std::uint64_t{entry.block_bytes_max}, "{} bytes", bytes);
    } catch (const worker::LostOutputError&) {
      // Its map task runs again.
    }
  }
}

void ReadForged(Input& input) {
  const std::string path = Scratch().Write("forged", ForgeFile(input));
  for (std::uint32_t p = 0; p < kDrawnPartitions; ++p) ReadForgedPartition(path, p);
}

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gristmill::fuzz::Input input(data, size);
  input.Flag() ? gristmill::fuzz::ReadForged(input) : gristmill::fuzz::ReadDamaged(input);
  return 0;
}
