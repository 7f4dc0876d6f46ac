#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/status.h"
#include "gristmill/pair_codec.h"
#include "storage/test_directory.h"
#include "worker/pipeline/run_file_writer.h"
#include "worker/pipeline/run_reader.h"
#include "worker/pipeline/segment_transfer.h"

namespace gristmill::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const RunFileId kId{{JobId(7), 1, 3}, AttemptId(19)};
using Pairs = std::vector<std::pair<std::string, std::string>>;

void AppendBlock(RunFileWriter* writer, std::uint32_t partition, const Pairs& pairs) {
  std::string block;
  for (const auto& [key, value] : pairs) AppendPair(&block, key, value);
  writer->Append(partition, block, pairs.size());
}

// Two runs; partition 1 has two blocks in the first; partition 2 has none.
void WriteSample(const std::string& path, BlockCodec codec = BlockCodec::kNone) {
  RunFileWriter writer(path, kId, 4, codec);
  writer.BeginRun();
  AppendBlock(&writer, 0, {{"a", "1"}, {"b", "2"}});
  AppendBlock(&writer, 1, {{"c", std::string(100, 'c')}});
  AppendBlock(&writer, 1, {{"d", ""}});
  writer.EndRun();
  writer.BeginRun();
  AppendBlock(&writer, 1, {{"", "empty key"}});
  AppendBlock(&writer, 3, {{"e", "5"}});
  writer.EndRun();
  writer.Finish();
}

// The pairs of a partition, one list per run, by the reading side; or the error.
absl::StatusOr<std::vector<Pairs>> ReadPartition(const std::string& path, std::uint32_t partition) {
  GM_ASSIGN_OR_RETURN(const RunFile run, OpenRunFile(path, kId, partition));
  std::vector<Pairs> runs;
  for (const IndexEntry& entry : run.entries) {
    runs.emplace_back();
    BlockReader reader(path, kId.attempt, entry);
    std::string block;
    while (reader.has_next()) {
      GM_ASSIGN_OR_RETURN(const BlockHeader header, reader.Next(&block));
      EXPECT_EQ(header.raw_bytes, block.size());
      EncodedPair pair;
      for (const char* p = block.data(); p != block.data() + block.size();) {
        p = GetPair(p, block.data() + block.size(), &pair);
        if (p == nullptr) return DataLoss("no pair");
        runs.back().emplace_back(pair.key_view(), pair.value_view());
      }
    }
  }
  return runs;
}

std::vector<std::vector<Pairs>> ExpectedPartitions() {
  return {{{{"a", "1"}, {"b", "2"}}},
          {{{"c", std::string(100, 'c')}, {"d", ""}}, {{"", "empty key"}}},
          {},
          {{{"e", "5"}}}};
}

TEST(RunFile, EachOfManyPartitionsIsFoundInItsPageOfTheIndex) {
  constexpr std::uint32_t kMany = 300, kRuns = 3;
  const TestDirectory dir;
  const auto key = [](std::uint32_t run, std::uint32_t partition) {
    return std::to_string(run) + "-" + std::to_string(partition);
  };
  // The first, the last and some between are empty.
  const auto is_empty = [](std::uint32_t partition) { return partition % 13 == 0; };
  RunFileWriter writer(dir.path("run"), kId, kMany);
  for (std::uint32_t run = 0; run < kRuns; ++run) {
    writer.BeginRun();
    for (std::uint32_t p = 0; p < kMany - 1; ++p) {
      if (!is_empty(p)) AppendBlock(&writer, p, {{key(run, p), ""}});
    }
    writer.EndRun();
  }
  writer.Finish();
  for (std::uint32_t p = 0; p < kMany; ++p) {
    std::vector<Pairs> expected;
    if (p < kMany - 1 && !is_empty(p)) {
      for (std::uint32_t run = 0; run < kRuns; ++run) expected.push_back({{key(run, p), ""}});
    }
    const auto read = ReadPartition(dir.path("run"), p);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, expected) << "partition " << p;
  }
}

TEST(RunFile, GivesBackEveryPartitionOfEveryRun) {
  const TestDirectory dir;
  for (const BlockCodec codec : {BlockCodec::kNone, BlockCodec::kLz4}) {
    const std::string path = dir.path("run");
    WriteSample(path, codec);
    for (std::uint32_t p = 0; p < 4; ++p) {
      const auto read = ReadPartition(path, p);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, ExpectedPartitions()[p]);
    }
  }
}

TEST(RunFile, AppearsOnlyWhenFinishedAndLeavesNothingBehind) {
  const TestDirectory dir;
  {
    RunFileWriter writer(dir.path("run"), kId, 1);
    EXPECT_THAT(dir.Files(), ElementsAre("run.tmp"));
  }
  EXPECT_THAT(dir.Files(), IsEmpty());
  WriteSample(dir.path("run"));
  EXPECT_THAT(dir.Files(), ElementsAre("run"));
}

TEST(RunFile, AnEmptyMapOutputIsAFileToo) {
  const TestDirectory dir;
  RunFileWriter(dir.path("run"), kId, 4).Finish();
  const auto read = ReadPartition(dir.path("run"), 2);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(*read, IsEmpty());
}

TEST(RunFile, TheOutputOfAnotherAttemptIsRefused) {
  const TestDirectory dir;
  WriteSample(dir.path("run"));
  RunFileId other = kId;
  other.attempt = AttemptId(20);
  const auto opened = OpenRunFile(dir.path("run"), other, 0);
  EXPECT_TRUE(absl::IsDataLoss(opened.status()));
  EXPECT_THAT(Message(opened.status()), HasSubstr("another attempt"));
  EXPECT_TRUE(absl::IsNotFound(OpenRunFile(dir.path("none"), kId, 0).status()));
}

TEST(RunFile, AnErrorOfTheDiskIsNotTakenForDamage) {
  // A file of 4 KiB whose every read fails: the loopback device has no speed.
  const std::string unreadable = "/sys/class/net/lo/speed";
  std::ifstream probe(unreadable);
  if (!probe.is_open() || probe.get() != std::ifstream::traits_type::eof()) {
    GTEST_SKIP() << unreadable << " is not a file that can't be read";
  }
  const absl::Status status = OpenRunFile(unreadable, kId, 0).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(Message(status), HasSubstr("can't be used"));
}

TEST(RunFile, APartitionThatDoesNotExistIsRefusedForGood) {
  const TestDirectory dir;
  RunFileWriter writer(dir.path("run"), kId, 4);
  writer.BeginRun();
  EXPECT_THROW(AppendBlock(&writer, 4, {{"a", "b"}}), TaskError);
  EXPECT_THROW(AppendBlock(&writer, 0, {{"a", "b"}}), TaskError);
  writer.EndRun();
  EXPECT_THROW(writer.Finish(), TaskError);
}

// A segment's pieces, cut into parts of `step` bytes.
using Parts = std::vector<std::pair<std::uint32_t, std::string>>;
Parts Export(const std::string& path, std::uint32_t partition, std::size_t step) {
  Parts parts;
  SegmentExporter exporter = SegmentExporter::Open(path, kId, partition).value();
  std::string buffer;
  for (SegmentPiece piece; !piece.last;) {
    piece = exporter.Next(&buffer).value();
    for (std::size_t at = 0; at < piece.data.size(); at += step) {
      parts.emplace_back(piece.run, piece.data.substr(at, step));
    }
  }
  return parts;
}

absl::Status Import(const std::string& path, std::uint32_t partition, const Parts& parts) {
  GM_ASSIGN_OR_RETURN(SegmentFileWriter writer, SegmentFileWriter::Create(path, kId, partition));
  for (const auto& [run, data] : parts) GM_RETURN_IF_ERROR(writer.Append(run, data));
  return writer.Finish();
}

TEST(SegmentTransfer, AnImportedSegmentReadsLikeThePartition) {
  const TestDirectory dir;
  WriteSample(dir.path("run"));
  for (std::uint32_t p = 0; p < 4; ++p) {
    for (const std::size_t step : {1, 5, 24, 1000}) {
      ASSERT_EQ(Import(dir.path("copy"), p, Export(dir.path("run"), p, step)), absl::OkStatus());
      const auto read = ReadPartition(dir.path("copy"), p);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, ExpectedPartitions()[p]);
    }
  }
}

TEST(SegmentTransfer, LargeSegmentsTravelInPiecesOfAtMostOneMebibyte) {
  const TestDirectory dir;
  {
    RunFileWriter writer(dir.path("run"), kId, 1);
    writer.BeginRun();
    for (int i = 0; i < 5; ++i) {
      AppendBlock(&writer, 0, {{"key" + std::to_string(i), std::string(3 << 20, 'x')}});
    }
    writer.EndRun();
    writer.Finish();
  }
  std::size_t pieces = 0;
  SegmentExporter exporter = SegmentExporter::Open(dir.path("run"), kId, 0).value();
  std::string buffer;
  for (SegmentPiece piece; !piece.last; ++pieces) {
    piece = exporter.Next(&buffer).value();
    EXPECT_LE(piece.data.size(), kSegmentPieceBytesMax);
  }
  EXPECT_EQ(pieces, 16u);
  EXPECT_EQ(Import(dir.path("copy"), 0, Export(dir.path("run"), 0, 1 << 20)), absl::OkStatus());
}

TEST(SegmentTransfer, EveryFlippedByteOnTheWayIsDataLossAndLeavesNoFile) {
  const TestDirectory dir;
  WriteSample(dir.path("run"));
  const Parts good = Export(dir.path("run"), 1, 1000);
  ASSERT_EQ(good.size(), 2u);
  for (std::size_t part = 0; part < good.size(); ++part) {
    for (std::size_t at = 0; at < good[part].second.size(); ++at) {
      Parts bad = good;
      bad[part].second[at] = static_cast<char>(bad[part].second[at] ^ 0x10);
      EXPECT_TRUE(absl::IsDataLoss(Import(dir.path("copy"), 1, bad))) << at;
      EXPECT_FALSE(std::filesystem::exists(dir.path("copy")));
    }
  }
}

TEST(SegmentTransfer, ASegmentThatIsCutOffInABlockIsDataLoss) {
  const TestDirectory dir;
  WriteSample(dir.path("run"));
  Parts cut = Export(dir.path("run"), 0, 1000);
  cut.back().second.pop_back();
  EXPECT_TRUE(absl::IsDataLoss(Import(dir.path("copy"), 0, cut)));
}

}  // namespace
}  // namespace gristmill::worker
