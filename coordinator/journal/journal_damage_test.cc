// Every byte of a small journal flipped in turn, and the file cut off at every length: the journal
// is refused with a sentence, or gives whole batches from the first on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/status.h"
#include "coordinator/journal/journal.h"

namespace gristmill::coordinator {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// In memory where there is such a file system: each damaged copy is opened, which syncs it.
std::string MakeDirectory() {
  std::string pattern = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : testing::TempDir();
  pattern += "journal-damage-XXXXXX";
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  return pattern;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

v1::JournalRecord Drained(std::uint64_t worker) {
  v1::JournalRecord record;
  record.mutable_worker_drained()->set_worker(worker);
  return record;
}

// Every byte, but where each takes ten times as long.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kStep = 13;
#else
constexpr std::size_t kStep = 1;
#endif

using Batch = std::vector<std::uint64_t>;

class JournalDamage : public testing::Test {
 protected:
  ~JournalDamage() override { std::filesystem::remove_all(directory_); }

  void Append(Journal& journal, const Batch& batch) {
    std::vector<v1::JournalRecord> records;
    for (const std::uint64_t worker : batch) records.push_back(Drained(worker));
    ASSERT_TRUE(journal.Append(records).ok());
    prefixes_.push_back(prefixes_.back());
    prefixes_.back().insert(prefixes_.back().end(), batch.begin(), batch.end());
  }

  // A journal that was closed: one file. It was compacted before, so it has free pages too.
  void WriteClosed() {
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    v1::JournalRecord large;
    large.mutable_attempt_succeeded()->set_result(std::string(10'000, 'x'));
    ASSERT_TRUE((*journal)->Append({large}).ok());
    const auto nothing = [](const Journal::Records& add) { return absl::OkStatus(); };
    ASSERT_TRUE((*journal)->Compact(nothing).ok());
    Append(**journal, {1, 2});
    Append(**journal, {3});
    journal->reset();
    file_ = ReadFile(path_);
    ASSERT_FALSE(std::filesystem::exists(path_ + "-wal"));
  }

  // What a process that is killed leaves: the file and the -wal.
  void WriteKilled() {
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    Append(**journal, {1, 2});
    Append(**journal, {3});
    Append(**journal, {4});
    file_ = ReadFile(path_);
    wal_ = ReadFile(path_ + "-wal");
    ASSERT_GT(wal_.size(), 4'096u);
  }

  // What such files give; none if they are refused.
  std::optional<Batch> Recovered(std::string_view file, std::string_view wal) {
    WriteFile(path_, file);
    std::filesystem::remove(path_ + "-wal");
    if (!wal.empty()) WriteFile(path_ + "-wal", wal);
    auto journal = Journal::Open(path_);
    Batch workers;
    absl::Status status = journal.status();
    if (status.ok()) {
      status = (*journal)->Replay([&](const v1::JournalRecord& record) {
        workers.push_back(record.worker_drained().worker());
        return absl::OkStatus();
      });
    }
    if (status.ok()) return workers;
    EXPECT_THAT(Message(status), HasSubstr("'" + path_ + "'"));
    EXPECT_THAT(Message(status),
                AnyOf(HasSubstr("--journal"), HasSubstr("can't open the journal")));
    return std::nullopt;
  }

  const Batch& all_but_the_last() const { return prefixes_[prefixes_.size() - 2]; }
  // Whole batches from the first on.
  bool IsPrefix(const Batch& workers) const {
    return std::find(prefixes_.begin(), prefixes_.end(), workers) != prefixes_.end();
  }
  const Batch& all() const { return prefixes_.back(); }

  static void Flip(std::string* bytes, std::size_t at) {
    (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << at % 8));
  }

  const std::string directory_ = MakeDirectory();
  const std::string path_ = directory_ + "/journal";
  std::vector<Batch> prefixes_{{}};
  std::string file_, wal_;
};

TEST_F(JournalDamage, AFlippedBitOfAClosedJournalLosesNothingThatIsNotNoticed) {
  WriteClosed();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < file_.size() && !HasFailure(); at += kStep) {
    std::string flipped = file_;
    Flip(&flipped, at);
    const auto recovered = Recovered(flipped, {});
    refused += !recovered.has_value();
    if (recovered.has_value()) {
      EXPECT_EQ(*recovered, all()) << "byte " << at;
    }
  }
  EXPECT_GT(refused, 200u / kStep) << "what the tables, meta, checksums and payloads take";
  EXPECT_EQ(Recovered(file_, {}), all());
}

TEST_F(JournalDamage, AClosedJournalThatWasCutOffIsRefusedOrLosesFreePagesOnly) {
  WriteClosed();
  std::size_t refused = 0;
  for (std::size_t length = 1; length < file_.size() && !HasFailure(); length += kStep) {
    const auto recovered = Recovered(std::string_view(file_).substr(0, length), {});
    refused += !recovered.has_value();
    if (recovered.has_value()) {
      EXPECT_EQ(*recovered, all()) << length << " bytes";
    }
  }
  EXPECT_GT(refused, file_.size() / 2 / kStep);
}

TEST_F(JournalDamage, AFlippedBitOfWhatAKilledProcessLeftCostsTheLastBatchAtMost) {
  WriteKilled();
  for (std::size_t at = 0; at < wal_.size() && !HasFailure(); at += kStep) {
    std::string flipped = wal_;
    Flip(&flipped, at);
    const auto recovered = Recovered(file_, flipped);
    if (recovered.has_value()) {
      EXPECT_THAT(*recovered, AnyOf(all(), all_but_the_last())) << "byte " << at;
    }
  }
  for (std::size_t at = 0; at < file_.size() && !HasFailure(); at += kStep) {
    std::string flipped = file_;
    Flip(&flipped, at);
    const auto recovered = Recovered(flipped, wal_);
    if (recovered.has_value()) {
      EXPECT_EQ(*recovered, all()) << "byte " << at << " of the file";
    }
  }
  EXPECT_EQ(Recovered(file_, wal_), all());
}

TEST_F(JournalDamage, AWriteThatWasTornLosesItsBatchOnly) {
  WriteKilled();
  Batch before;
  for (std::size_t length = 0; length <= wal_.size() && !HasFailure(); length += kStep) {
    const auto recovered = Recovered(file_, std::string_view(wal_).substr(0, length));
    ASSERT_TRUE(recovered.has_value()) << length << " bytes";
    EXPECT_TRUE(IsPrefix(*recovered)) << length << " bytes";
    EXPECT_GE(recovered->size(), before.size()) << "more bytes, fewer batches";
    before = *recovered;
  }
  EXPECT_EQ(Recovered(file_, wal_), all());
}

}  // namespace
}  // namespace gristmill::coordinator
