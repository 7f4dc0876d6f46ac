// From files to records. However a file is cut into splits and read in blocks, the records of all
// splits together are those of the file, each from the split in which it starts; damaged compressed
// files give what came before the damage, then a TaskError.
#include <zlib.h>
#include <zstd.h>

#include <numeric>
#include <vector>

#include "gristmill/records.h"
#include "storage/split_planner.h"
#include "tests/fuzz/fuzz_input.h"
#include "worker/pipeline/block_source.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::fuzz {
namespace {

const std::atomic<bool> kCancelled{false};

const ScratchDirectory& Scratch() {
  static const ScratchDirectory scratch;
  return scratch;
}

v1::JobPlan PlanFor(const std::string& path, std::uint64_t bytes, v1::InputFormat format) {
  v1::JobPlan plan;
  plan.add_inputs()->set_format(format);
  plan.mutable_request()->set_split_bytes(1 << 30);
  v1::InputFile& file = *plan.mutable_inputs(0)->add_files();
  file.set_path(path);
  file.set_bytes(bytes);
  return plan;
}

// Text of many short lines: what the fuzzer chose, with some of its bytes made line ends.
std::string DrawText(Input& input) {
  std::string text;
  while (!input.empty()) {
    const std::uint8_t repeat = input.Byte();
    const std::string_view piece = input.Text();
    text.append(piece);
    if (repeat % 4 == 0) text += "\n";
    if (repeat % 4 == 1) text += "\r\n";
    if (repeat % 4 == 2) text.append(repeat, 'x');
  }
  return text;
}

// The definition: lines end with LF or CRLF, the last may lack it.
std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t lf = text.find('\n', begin);
    std::string line = text.substr(begin, lf - begin);
    if (lf != std::string::npos && line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    begin = lf == std::string::npos ? text.size() : lf + 1;
  }
  return lines;
}

struct Read {
  std::string bytes;
  std::vector<std::string> lines;
  std::string error;
};

Read ReadSplits(const v1::JobPlan& plan, const worker::SourceOptions& options,
                const std::string& text) {
  Read read;
  const SplitTable splits(plan);
  std::uint64_t covered = 0;
  try {
    for (std::uint32_t i = 0; i < splits.size(); ++i) {
      const v1::Split split = splits.Get(i);
      Expect(split.offset() == covered, "split {} begins at {}", i, split.offset());
      covered += split.length();
      const auto source = worker::MakeBlockSource(split, options, kCancelled);
      InputBlock block;
      for (bool first = true; source->NextBlock(&block); first = false) {
        Expect(block.offset == read.bytes.size(), "a block says it lies at {}", block.offset);
        Expect(text.compare(block.offset, block.bytes.size(), block.bytes) == 0, "other bytes");
        if (first) Expect(block.offset < covered, "split {} begins with the next one's record", i);
        read.bytes += block.bytes;
        internal::ForEachLine(block.bytes,
                              [&](std::string_view line) { read.lines.emplace_back(line); });
      }
    }
  } catch (const TaskError& error) {
    read.error = error.what();
  }
  return read;
}

worker::SourceOptions DrawOptions(Input& input) {
  worker::SourceOptions options;
  options.block_bytes = 1 + input.Number<std::uint16_t>() % 5'000;
  options.record_bytes_max = input.Flag() ? 1 << 20 : input.Number<std::uint16_t>();
  return options;
}

void CutLines(Input& input) {
  const worker::SourceOptions options = DrawOptions(input);
  const std::uint16_t split_bytes = input.Number<std::uint16_t>();
  const std::string text = DrawText(input);
  v1::JobPlan plan =
      PlanFor(Scratch().Write("text", text), text.size(), v1::INPUT_FORMAT_TEXT_LINES);
  // Each split opens the file: more than some hundred are no other case.
  plan.mutable_request()->set_split_bytes(std::max<std::uint64_t>(split_bytes, text.size() / 300));
  const Read read = ReadSplits(plan, options, text);
  const std::vector<std::string> lines = LinesOf(text);
  std::size_t longest = 0;
  for (const std::string& line : lines) longest = std::max(longest, line.size());
  if (!read.error.empty()) {
    Expect(longest + 2 > options.record_bytes_max, "{}", read.error);
    return;
  }
  Expect(read.bytes == text, "{} bytes became {}", text.size(), read.bytes.size());
  Expect(read.lines == lines, "{} lines became {}", lines.size(), read.lines.size());
}

void CutRecords(Input& input) {
  worker::SourceOptions options = DrawOptions(input);
  options.format = v1::INPUT_FORMAT_FIXED_RECORDS;
  options.record_bytes = input.Byte();
  options.record_bytes_max = 1 << 20;
  const std::uint16_t split_bytes = input.Number<std::uint16_t>();
  const std::string text = DrawText(input);
  v1::JobPlan plan =
      PlanFor(Scratch().Write("text", text), text.size(), v1::INPUT_FORMAT_FIXED_RECORDS);
  plan.mutable_inputs(0)->set_record_bytes(options.record_bytes);
  plan.mutable_request()->set_split_bytes(std::max<std::uint64_t>(split_bytes, text.size() / 300));
  const Read read = ReadSplits(plan, options, text);
  const bool whole = options.record_bytes > 0 && text.size() % options.record_bytes == 0;
  Expect(whole == read.error.empty() || text.empty(), "{} bytes by {}: {}", text.size(),
         options.record_bytes, read.error);
  if (whole) Expect(read.bytes == text, "{} bytes became {}", text.size(), read.bytes.size());
}

std::string Gzip(const std::string& text) {
  z_stream zlib{};
  Expect(::deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflate");
  std::string out(::deflateBound(&zlib, text.size()) + 64, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  Expect(::deflate(&zlib, Z_FINISH) == Z_STREAM_END, "deflate");
  out.resize(zlib.total_out);
  ::deflateEnd(&zlib);
  return out;
}

// With a checksum, as the command line tool writes it.
std::string Zstd(const std::string& text) {
  ZSTD_CCtx* const context = ::ZSTD_createCCtx();
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string out(::ZSTD_compressBound(text.size()), '\0');
  const std::size_t made =
      ::ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size());
  Expect(!::ZSTD_isError(made), "{}", ::ZSTD_getErrorName(made));
  ::ZSTD_freeCCtx(context);
  out.resize(made);
  return out;
}

// Two members or frames; damaged, or followed by anything.
void Decompress(Input& input) {
  const worker::SourceOptions options = DrawOptions(input);
  const bool gzip = input.Flag();
  Input damage = input.Split();
  const bool raw = damage.Below(4) == 1;
  const std::string first = raw ? "" : DrawText(input),
                    second = std::string(first.rbegin(), first.rend());
  std::string good = gzip ? Gzip(first) + Gzip(second) : Zstd(first) + Zstd(second);
  if (raw) good = input.Rest();
  const std::string bad = Damaged(good, damage);
  v1::JobPlan plan =
      PlanFor(Scratch().Write("packed", bad), bad.size(), v1::INPUT_FORMAT_TEXT_LINES);
  plan.mutable_inputs(0)->mutable_files(0)->set_compression(gzip ? v1::COMPRESSION_GZIP
                                                                 : v1::COMPRESSION_ZSTD);
  std::string all, error;
  try {
    const auto source = worker::MakeBlockSource(SplitTable(plan).Get(0), options, kCancelled);
    for (InputBlock block; all.size() < (4u << 20) && source->NextBlock(&block);) {
      Expect(block.offset == all.size(), "a block says it lies at {}", block.offset);
      all += block.bytes;
    }
  } catch (const TaskError& thrown) {
    error = thrown.what();
  }
  if (error.empty() && bad == good && !raw) Expect(all == first + second, "other bytes");
}

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gristmill::fuzz::Input input(data, size);
  switch (input.Below(4)) {
    case 0:
      gristmill::fuzz::CutRecords(input);
      break;
    case 1:
      gristmill::fuzz::Decompress(input);
      break;
    default:
      gristmill::fuzz::CutLines(input);
  }
  return 0;
}
