// The reducer's end of a shuffle fetch. A segment that is damaged on its way becomes the file that
// it would have become, or DataLoss; whatever comes, a file that was finished can be opened.
#include <map>

#include "tests/fuzz/drawn_run_file.h"
#include "worker/pipeline/segment_compression.h"
#include "worker/pipeline/segment_transfer.h"

namespace gristmill::fuzz {
namespace {

constexpr std::uint32_t kPartition = 1;

struct Chunk {
  std::uint32_t run = 0;
  std::string data;
  friend bool operator==(const Chunk&, const Chunk&) = default;
};

const ScratchDirectory& Scratch() {
  static const ScratchDirectory scratch;
  return scratch;
}

// Cuts each chunk anywhere, which changes nothing.
absl::Status Receive(const std::vector<Chunk>& chunks, Input& input, const std::string& path) {
  GM_ASSIGN_OR_RETURN(auto writer, worker::SegmentFileWriter::Create(path, kDrawnId, kPartition));
  for (const Chunk& chunk : chunks) {
    std::string_view left = chunk.data;
    do {
      const std::string_view piece = left.substr(0, input.empty() ? left.size() : input.Byte() + 1);
      GM_RETURN_IF_ERROR(writer.Append(chunk.run, piece));
      left.remove_prefix(piece.size());
    } while (!left.empty());
  }
  return writer.Finish();
}

std::vector<Chunk> ChunksOf(const std::string& path) {
  auto exporter = worker::SegmentExporter::Open(path, kDrawnId, kPartition).value();
  std::vector<Chunk> chunks;
  std::string buffer;
  for (worker::SegmentPiece piece; !piece.last;) {
    piece = exporter.Next(&buffer).value();
    chunks.push_back({piece.run, std::string(piece.data)});
  }
  return chunks;
}

std::map<std::uint32_t, std::string> RunsOf(const std::vector<Chunk>& chunks) {
  std::map<std::uint32_t, std::string> runs;
  for (const Chunk& chunk : chunks) runs[chunk.run] += chunk.data;
  return runs;
}

void ReceiveDamaged(Input& input) {
  Input damage = input.Split();
  const std::string part = WriteDrawnRunFile(Scratch().path("good"), input)[kPartition];
  const std::vector<Chunk> sent = ChunksOf(Scratch().path("good"));
  std::vector<Chunk> chunks = sent;
  const std::uint32_t victim = damage.Below(static_cast<std::uint32_t>(chunks.size()));
  if (damage.Below(8) == 1) chunks[victim].run = damage.Byte();
  if (damage.Below(8) == 1) std::swap(chunks[victim], chunks.front());
  if (damage.Below(8) == 1) chunks.erase(chunks.begin() + victim);
  for (Chunk& chunk : chunks) chunk.data = Damaged(chunk.data, damage);

  const std::string path = Scratch().path("fetched");
  const absl::Status received = Receive(chunks, input, path);
  if (!received.ok()) {
    Expect(absl::IsDataLoss(received), "{}", received.ToString());
    Expect(chunks != sent, "a good segment is refused: {}", received.ToString());
    Expect(!std::filesystem::exists(path), "what can't be used is left behind");
    return;
  }
  const auto read = ReadPartition(path, kPartition);
  Expect(read.ok(), "what was received can't be read: {}", read.status().ToString());
  if (chunks == sent) Expect(*read == part, "the partition was received as something else");
  // That whole blocks are missing at the end of a run only the stream can tell, by its own end.
  const auto sent_runs = RunsOf(sent);
  for (const auto& [run, bytes] : RunsOf(ChunksOf(path))) {
    if (bytes.empty()) continue;
    Expect(sent_runs.contains(run) && sent_runs.at(run).starts_with(bytes),
           "run {} was received as something else", run);
  }
}

void ReceiveForged(Input& input) {
  Input cuts = input.Split();
  std::vector<Chunk> chunks;
  std::uint64_t number = 0;  // of the next block of the run
  for (std::uint32_t count = input.Below(8); count > 0; --count) {
    Chunk& chunk = chunks.emplace_back();
    chunk.run = input.Byte();
    if (chunks.size() > 1 && chunks[chunks.size() - 2].run != chunk.run) number = 0;
    for (std::uint32_t blocks = input.Below(4); blocks > 0; --blocks) {
      chunk.data += ForgeBlock(input, {kDrawnId.attempt.value(), chunk.run, kPartition, number++});
    }
    if (input.Below(8) == 1) chunk.data += input.Text();
  }
  const std::string path = Scratch().path("fetched");
  const absl::Status received = Receive(chunks, cuts, path);
  if (!received.ok()) {
    Expect(absl::IsDataLoss(received), "{}", received.ToString());
    return;
  }
  const auto run = worker::OpenRunFile(path, kDrawnId, kPartition);
  Expect(run.ok(), "what was received can't be opened: {}", run.status().ToString());
  const auto read = ReadPartition(path, kPartition);  // LZ4 is not looked into before
  Expect(read.ok() || absl::IsDataLoss(read.status()), "{}", read.status().ToString());
}

// A compressed piece of any content becomes as many bytes as it claims, or DataLoss.
void Decompress(std::string_view data) {
  std::string buffer;
  for (const std::uint32_t bytes : {16u, 4'096u, 1u << 20, 0xffff'ffffu}) {
    const auto piece = worker::DecompressPiece(data, bytes, &buffer);
    if (piece.ok()) {
      Expect(piece->size() == bytes, "{} bytes of {}", piece->size(), bytes);
    } else {
      Expect(absl::IsDataLoss(piece.status()), "{}", piece.status().ToString());
    }
    Expect(buffer.size() <= worker::kSegmentPieceBytesMax, "{} bytes", buffer.size());
  }
  std::string compressed;
  if (!worker::CompressPiece(data, &compressed)) return;
  const auto back =
      worker::DecompressPiece(compressed, static_cast<std::uint32_t>(data.size()), &buffer);
  Expect(back.ok() && *back == data, "a piece comes back as another");
}

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gristmill::fuzz::Decompress({reinterpret_cast<const char*>(data), size});
  gristmill::fuzz::Input input(data, size);
  input.Flag() ? gristmill::fuzz::ReceiveForged(input) : gristmill::fuzz::ReceiveDamaged(input);
  return 0;
}
