// A journal on a file system that is full. Needs to mount one: skipped otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/status.h"
#include "coordinator/journal/journal.h"

namespace gristmill::coordinator {
namespace {

using ::testing::HasSubstr;

v1::JournalRecord Large(std::uint64_t attempt) {
  v1::JournalRecord record;
  record.mutable_attempt_succeeded()->set_attempt(attempt);
  record.mutable_attempt_succeeded()->set_result(std::string(10'000, 'x'));
  return record;
}

class JournalOnAFullDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "journal-full-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    if (::mount("tmpfs", directory_.c_str(), "tmpfs", 0, "size=1m") != 0) {
      GTEST_SKIP() << "can't mount a small file system: " << std::strerror(errno);
    }
    mounted_ = true;
    path_ = directory_ + "/journal";
  }
  void TearDown() override {
    if (mounted_) ::umount2(directory_.c_str(), MNT_DETACH);
    std::filesystem::remove_all(directory_);
  }
  void MakeRoom() {
    ASSERT_EQ(::mount("tmpfs", directory_.c_str(), "tmpfs", MS_REMOUNT, "size=16m"), 0);
  }

  // Appends until there is no room; how many appends succeeded.
  static std::uint64_t Fill(Journal& journal, absl::Status* end) {
    for (std::uint64_t appended = 0;; ++appended) {
      *end = journal.Append({Large(appended + 1)});
      if (!end->ok()) return appended;
    }
  }
  static std::uint64_t Count(Journal& journal) {
    std::uint64_t records = 0;
    const absl::Status replayed = journal.Replay([&](const v1::JournalRecord& record) {
      EXPECT_EQ(record.attempt_succeeded().attempt(), ++records);
      return absl::OkStatus();
    });
    EXPECT_TRUE(replayed.ok()) << replayed;
    return records;
  }

  std::string directory_, path_;
  bool mounted_ = false;
};

TEST_F(JournalOnAFullDisk, AnAppendFailsWithASentenceAndWhatWasAppendedStays) {
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  absl::Status end;
  const std::uint64_t appended = Fill(**journal, &end);
  EXPECT_GT(appended, 10u);
  EXPECT_TRUE(absl::IsResourceExhausted(end)) << end;
  EXPECT_THAT(Message(end), HasSubstr("the disk is full"));
  journal->reset();
  MakeRoom();
  journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_EQ(Count(**journal), appended);
  EXPECT_TRUE((*journal)->Append({Large(appended + 1)}).ok());
}

TEST_F(JournalOnAFullDisk, ACompactionWithoutRoomLeavesTheJournalAsItWas) {
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  for (std::uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE((*journal)->Append({Large(i)}).ok());
  const absl::Status compacted = (*journal)->Compact([](const Journal::Records& add) {
    for (int i = 0; i < 200; ++i) GM_RETURN_IF_ERROR(add(Large(1)));
    return absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsResourceExhausted(compacted)) << compacted;
  EXPECT_EQ(Count(**journal), 20u);
  EXPECT_TRUE((*journal)->Append({Large(21)}).ok());
  journal->reset();
  journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_EQ(Count(**journal), 21u);
}

}  // namespace
}  // namespace gristmill::coordinator
