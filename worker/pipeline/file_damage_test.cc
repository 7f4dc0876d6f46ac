// No damage to a file of ours is taken for data: every byte flipped in turn, the file cut off at
// every length, anything appended to it, and blocks in each other's place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "base/status.h"
#include "gristmill/pair_codec.h"
#include "storage/test_directory.h"
#include "worker/pipeline/output_writer.h"
#include "worker/pipeline/record_file.h"
#include "worker/pipeline/run_file_writer.h"
#include "worker/pipeline/run_reader.h"
#include "worker/pipeline/segment_transfer.h"

namespace gristmill::worker {
namespace {

const RunFileId kId{{JobId(7), 1, 3}, AttemptId(19)};
constexpr std::uint32_t kPartitions = 4;
const RecordTypes kTypes{"string", "pair<string,u64>"};

// What the readers that the file has each get out of it: one for every partition of a run file.
using Parts = std::vector<absl::StatusOr<std::string>>;

struct FileKind {
  std::string name;
  std::function<void(const std::string& path)> write;
  std::function<Parts(const std::string& path)> read;
};

void AppendBlock(RunFileWriter* writer, std::uint32_t partition, std::string_view key,
                 std::string_view value) {
  std::string block;
  AppendPair(&block, key, value);
  AppendPair(&block, key, "");
  writer->Append(partition, block, 2);
}

// Two runs; partition 1 has two blocks in the first; partition 2 has none. With LZ4 one block is
// compressed and the others, which it would not shorten, are not.
void WriteRunFile(const std::string& path, BlockCodec codec) {
  RunFileWriter writer(path, kId, kPartitions, codec);
  writer.BeginRun();
  AppendBlock(&writer, 0, "a", "1");
  AppendBlock(&writer, 1, "c", std::string(100, 'c'));
  AppendBlock(&writer, 1, "d", "");
  writer.EndRun();
  writer.BeginRun();
  AppendBlock(&writer, 1, "", "empty key");
  AppendBlock(&writer, 3, "e", "5");
  writer.EndRun();
  writer.Finish();
}

absl::StatusOr<std::string> ReadPartition(const std::string& path, std::uint32_t partition) {
  GM_ASSIGN_OR_RETURN(const RunFile run, OpenRunFile(path, kId, partition));
  std::string all, block;
  for (const IndexEntry& entry : run.entries) {
    all += "run " + std::to_string(entry.run) + ":";
    BlockReader reader(path, kId.attempt, entry);
    while (reader.has_next()) {
      GM_RETURN_IF_ERROR(reader.Next(&block).status());
      all += block;
    }
  }
  return all;
}

Parts ReadRunFile(const std::string& path) {
  Parts parts;
  for (std::uint32_t p = 0; p < kPartitions; ++p) parts.push_back(ReadPartition(path, p));
  return parts;
}

// As a fetch of partition 1 leaves it.
void WriteSegmentFile(const std::string& path) {
  WriteRunFile(path + ".source", BlockCodec::kLz4);
  SegmentExporter exporter = SegmentExporter::Open(path + ".source", kId, 1).value();
  SegmentFileWriter writer = SegmentFileWriter::Create(path, kId, 1).value();
  std::string buffer;
  for (SegmentPiece piece; !piece.last;) {
    piece = exporter.Next(&buffer).value();
    ASSERT_EQ(writer.Append(piece.run, piece.data), absl::OkStatus());
  }
  ASSERT_EQ(writer.Finish(), absl::OkStatus());
}

void WriteRecordFile(const std::string& path) {
  OutputWriter writer(path, v1::OUTPUT_FORMAT_RECORD_FILE, kTypes);
  std::string block;
  AppendPair(&block, "key", "value");
  AppendPair(&block, "other key", "");
  writer.Append(block, 2);
  writer.Append(block, 2);
  writer.Finish();
}

absl::StatusOr<std::string> ReadRecordFile(const std::string& path) {
  GM_ASSIGN_OR_RETURN(RecordFileReader reader, RecordFileReader::Open(path));
  EXPECT_EQ(reader.types(), kTypes);
  std::string all, block;
  while (true) {
    GM_ASSIGN_OR_RETURN(const bool more, reader.NextBlock(&block));
    if (!more) return all;
    all += block;
  }
}

std::vector<FileKind> FileKinds() {
  return {
      {"RunFile", [](const auto& path) { WriteRunFile(path, BlockCodec::kNone); }, ReadRunFile},
      {"CompressedRunFile", [](const auto& path) { WriteRunFile(path, BlockCodec::kLz4); },
       ReadRunFile},
      {"SegmentFile", WriteSegmentFile,
       [](const auto& path) { return Parts{ReadPartition(path, 1)}; }},
      {"RecordFile", WriteRecordFile, [](const auto& path) { return Parts{ReadRecordFile(path)}; }},
  };
}

class FileDamage : public ::testing::TestWithParam<FileKind> {
 protected:
  FileDamage() {
    GetParam().write(dir_.path("good"));
    bytes_ = ReadFile(dir_.path("good"));
    good_ = GetParam().read(dir_.path("good"));
    for (const auto& part : good_) EXPECT_TRUE(part.ok()) << part.status();
  }

  // Some reader says DataLoss, and whoever gives data gives the right one.
  void ExpectFound(const std::string& bytes, const std::string& damage) {
    const Parts read = GetParam().read(dir_.Write("bad", bytes));
    ASSERT_EQ(read.size(), good_.size());
    bool found = false;
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (read[i].ok()) {
        EXPECT_EQ(*read[i], *good_[i]) << damage;
      } else {
        EXPECT_TRUE(absl::IsDataLoss(read[i].status())) << damage << ": " << read[i].status();
        found = true;
      }
    }
    EXPECT_TRUE(found) << damage;
  }

  const TestDirectory dir_;
  std::string bytes_;  // of the good file
  Parts good_;
};

TEST_P(FileDamage, EveryFlippedByteIsFound) {
  ASSERT_GT(bytes_.size(), 100u);
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    for (const int flip : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
      std::string bad = bytes_;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      ExpectFound(bad, fmt::format("byte {} of {} xor {:#x}", at, bytes_.size(), flip));
    }
  }
}

TEST_P(FileDamage, EveryTruncationIsFound) {
  for (std::size_t bytes = 0; bytes < bytes_.size(); ++bytes) {
    ExpectFound(bytes_.substr(0, bytes), fmt::format("cut off after {} bytes", bytes));
  }
}

TEST_P(FileDamage, AppendedBytesAreFound) {
  for (std::size_t bytes = 1; bytes <= bytes_.size(); ++bytes) {
    // The file's own end looks most like something that belongs there.
    ExpectFound(bytes_ + bytes_.substr(bytes_.size() - bytes),
                fmt::format("its last {} bytes once more", bytes));
    ExpectFound(bytes_ + std::string(bytes, '\0'), fmt::format("{} zeros appended", bytes));
  }
}

TEST_P(FileDamage, EveryByteThatIsLeftOutIsFound) {
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    std::string bad = bytes_;
    bad.erase(at, 1);
    ExpectFound(bad, fmt::format("byte {} left out", at));
  }
}

INSTANTIATE_TEST_SUITE_P(, FileDamage, ::testing::ValuesIn(FileKinds()),
                         [](const auto& info) { return info.param.name; });

// As a disk does that writes a sector to the wrong place: each block is whole in itself.
std::string WithSwapped(std::string bytes, std::string_view a, std::string_view b) {
  const std::size_t at_a = bytes.find(a), at_b = bytes.find(b);
  EXPECT_TRUE(at_a < at_b && at_b != std::string::npos && a.size() == b.size());
  bytes.replace(at_a, a.size(), b);
  bytes.replace(at_b, b.size(), a);
  return bytes;
}

TEST(MisplacedBlocks, ABlockOfARunFileInThePlaceOfAnotherIsFound) {
  const TestDirectory dir;
  RunFileWriter writer(dir.path("good"), kId, kPartitions);
  for (int run = 0; run < 2; ++run) {
    writer.BeginRun();
    AppendBlock(&writer, 0, "a" + std::to_string(run), "1");
    AppendBlock(&writer, 0, "b" + std::to_string(run), "1");
    AppendBlock(&writer, 1, "c" + std::to_string(run), "1");
    writer.EndRun();
  }
  writer.Finish();
  const std::string good = ReadFile(dir.path("good"));
  // Headers and payloads, in the order in which they lie.
  std::vector<std::string> blocks;
  for (std::size_t at = kRunFileHeaderBytes, i = 0; i < 6; ++i) {
    const auto header = DecodeBlockHeader(std::string_view(good).substr(at));
    ASSERT_TRUE(header.ok());
    blocks.push_back(good.substr(at, kBlockHeaderBytes + header->stored_bytes));
    at += blocks.back().size();
  }
  for (std::size_t a = 0; a < blocks.size(); ++a) {
    for (std::size_t b = a + 1; b < blocks.size(); ++b) {
      const std::string path = dir.Write("bad", WithSwapped(good, blocks[a], blocks[b]));
      const Parts read = ReadRunFile(path);
      const auto partition_of = [](std::size_t block) { return block % 3 == 2 ? 1 : 0; };
      EXPECT_TRUE(absl::IsDataLoss(read[partition_of(a)].status())) << a << " and " << b;
      EXPECT_TRUE(absl::IsDataLoss(read[partition_of(b)].status())) << a << " and " << b;
    }
  }
}

TEST(MisplacedBlocks, ABlockOfARecordFileInThePlaceOfAnotherIsFound) {
  const TestDirectory dir;
  OutputWriter writer(dir.path("good"), v1::OUTPUT_FORMAT_RECORD_FILE, kTypes);
  std::string framed[2];
  for (std::uint64_t i = 0; i < 2; ++i) {
    std::string block;
    AppendPair(&block, "key " + std::to_string(i), "value");
    writer.Append(block, 1);
    framed[i] = EncodeRecordBlockHeader(block, 1, i) + block;
  }
  writer.Finish();
  const std::string good = ReadFile(dir.path("good"));
  EXPECT_TRUE(ReadRecordFile(dir.path("good")).ok());
  const std::string path = dir.Write("bad", WithSwapped(good, framed[0], framed[1]));
  EXPECT_TRUE(absl::IsDataLoss(ReadRecordFile(path).status()));
}

}  // namespace
}  // namespace gristmill::worker
