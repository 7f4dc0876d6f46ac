#include "coordinator/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/status.h"

namespace gristmill::coordinator {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::JournalRecord Drained(std::uint64_t worker) {
  v1::JournalRecord record;
  record.mutable_worker_drained()->set_worker(worker);
  return record;
}

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "journal-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    path_ = directory_ / "journal.db";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static std::vector<std::uint64_t> Replayed(Journal& journal, absl::Status* status = nullptr) {
    std::vector<std::uint64_t> workers;
    const absl::Status replayed = journal.Replay([&](const v1::JournalRecord& record) {
      workers.push_back(record.worker_drained().worker());
      return absl::OkStatus();
    });
    if (status != nullptr) {
      *status = replayed;
    } else {
      EXPECT_TRUE(replayed.ok()) << replayed;
    }
    return workers;
  }

  // Runs SQL on the file, which no Journal holds.
  void Sql(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  void WriteThreeBatches() {
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    ASSERT_TRUE((*journal)->Append({Drained(1), Drained(2)}).ok());
    ASSERT_TRUE((*journal)->Append({Drained(3)}).ok());
    ASSERT_TRUE((*journal)->Append({Drained(4)}).ok());
  }

  std::filesystem::path directory_;
  std::string path_;
};

TEST_F(JournalTest, ANewJournalIsEmpty) {
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_THAT(Replayed(**journal), IsEmpty());
}

TEST_F(JournalTest, ReplaysWhatWasAppendedInOrderAcrossOpens) {
  WriteThreeBatches();
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_THAT(Replayed(**journal), ElementsAre(1, 2, 3, 4));
  ASSERT_TRUE((*journal)->Append({}).ok());
  ASSERT_TRUE((*journal)->Append({Drained(5)}).ok());
  EXPECT_THAT(Replayed(**journal), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(JournalTest, KeepsWhatAProcessAppendedThatWasKilled) {
  const pid_t child = fork();
  if (child == 0) {
    auto journal = Journal::Open(path_);
    if (!journal.ok() || !(*journal)->Append({Drained(7)}).ok()) _exit(1);
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_THAT(Replayed(**journal), ElementsAre(7));
}

TEST_F(JournalTest, SplitsALargeAppendIntoBatches) {
  v1::JournalRecord large;
  large.mutable_attempt_succeeded()->set_result(std::string(5 << 20, 'x'));
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  ASSERT_TRUE((*journal)->Append({large, large, large, Drained(1)}).ok());
  int records = 0;
  const absl::Status replayed = (*journal)->Replay([&](const v1::JournalRecord& record) {
    ++records;
    return absl::OkStatus();
  });
  EXPECT_TRUE(replayed.ok()) << replayed;
  EXPECT_EQ(records, 4);
  journal->reset();
  Sql("CREATE TABLE two_rows (n CHECK (n = 2));"
      "INSERT INTO two_rows SELECT count(*) FROM batches");
}

TEST_F(JournalTest, ACompactionTakesThePlaceOfAllBefore) {
  WriteThreeBatches();
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  const auto compacted = (*journal)->Compact([](const Journal::Records& add) {
    GM_RETURN_IF_ERROR(add(Drained(10)));
    return add(Drained(11));
  });
  ASSERT_TRUE(compacted.ok()) << compacted;
  EXPECT_THAT(Replayed(**journal), ElementsAre(10, 11));
  ASSERT_TRUE((*journal)->Append({Drained(12)}).ok());
  journal->reset();
  journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_THAT(Replayed(**journal), ElementsAre(10, 11, 12));
}

TEST_F(JournalTest, ACompactionThatFindsNoRoomChangesNothing) {
  WriteThreeBatches();
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  const auto compacted = (*journal)->Compact([](const Journal::Records& add) {
    GM_RETURN_IF_ERROR(add(Drained(10)));
    return ResourceExhausted("no room");
  });
  EXPECT_TRUE(absl::IsResourceExhausted(compacted)) << compacted;
  ASSERT_TRUE((*journal)->Append({Drained(5)}).ok());
  EXPECT_THAT(Replayed(**journal), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(JournalTest, AProcessKilledInMidCompactionLosesNothing) {
  WriteThreeBatches();
  const pid_t child = fork();
  if (child == 0) {
    auto journal = Journal::Open(path_);
    if (!journal.ok()) _exit(1);
    (*journal)
        ->Compact([](const Journal::Records& add) {
          v1::JournalRecord large;
          large.mutable_attempt_succeeded()->set_result(std::string(10 << 20, 'x'));
          for (int i = 0; i < 3; ++i) GM_RETURN_IF_ERROR(add(large));
          raise(SIGKILL);
          return absl::OkStatus();
        })
        .IgnoreError();
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_THAT(Replayed(**journal), ElementsAre(1, 2, 3, 4));
}

TEST_F(JournalTest, IsWorthCompactingWhenWhatWasAddedOutweighsTheSnapshotAndTheLeastSize) {
  v1::JournalRecord record;
  record.mutable_attempt_succeeded()->set_result(std::string(1'000, 'x'));
  auto journal = Journal::Open(path_, {.compact_bytes_min = 2'500});
  ASSERT_TRUE(journal.ok()) << journal.status();
  const auto appends_until_worth = [&] {
    int appends = 0;
    for (; !(*journal)->IsWorthCompacting(); ++appends) {
      EXPECT_TRUE((*journal)->Append({record}).ok());
    }
    return appends;
  };
  EXPECT_EQ(appends_until_worth(), 3) << "the least size";
  const auto five = [&](const Journal::Records& add) {
    for (int i = 0; i < 5; ++i) GM_RETURN_IF_ERROR(add(record));
    return absl::OkStatus();
  };
  ASSERT_TRUE((*journal)->Compact(five).ok());
  EXPECT_EQ(appends_until_worth(), 6) << "the snapshot's size";
  journal->reset();
  journal = Journal::Open(path_, {.compact_bytes_min = 2'500});
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_TRUE((*journal)->IsWorthCompacting()) << "also known after a restart";
}

TEST_F(JournalTest, ReplayStopsAtTheFirstErrorOfTheFold) {
  WriteThreeBatches();
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  int records = 0;
  const absl::Status replayed = (*journal)->Replay([&](const v1::JournalRecord& record) {
    return ++records == 3 ? Internal("no") : absl::OkStatus();
  });
  EXPECT_EQ(replayed, Internal("no"));
  EXPECT_EQ(records, 3);
}

TEST_F(JournalTest, RefusesAFileThatIsNoDatabaseAndLeavesItAlone) {
  for (const std::string& text : {std::string("notes\n"), std::string(10'000, 'x')}) {
    std::ofstream(path_) << text;
    const auto journal = Journal::Open(path_);
    EXPECT_EQ(journal.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(
        Message(journal.status()),
        AllOf(HasSubstr("'" + path_ + "' is not a Gristmill journal"), HasSubstr("--journal")));
    std::stringstream left;
    left << std::ifstream(path_).rdbuf();
    EXPECT_EQ(left.str(), text);
  }
}

TEST_F(JournalTest, RefusesTheDatabaseOfAnotherProgram) {
  Sql("CREATE TABLE photos (name TEXT)");
  const auto journal = Journal::Open(path_);
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(journal.status()), HasSubstr("is not a Gristmill journal"));
  Sql("SELECT name FROM photos");
}

TEST_F(JournalTest, RefusesAnotherFormatVersion) {
  WriteThreeBatches();
  Sql("UPDATE meta SET value = 4 WHERE key = 'format_version'");
  const auto journal = Journal::Open(path_);
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(journal.status()),
              HasSubstr("format version is 4 and this gristmill reads version 5"));
}

TEST_F(JournalTest, RefusesAJournalThatIsInUse) {
  auto first = Journal::Open(path_);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE((*first)->Append({Drained(1)}).ok());
  const auto second = Journal::Open(path_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second.status()), HasSubstr("is in use by another coordinator"));
  first->reset();
  EXPECT_TRUE(Journal::Open(path_).ok());
}

TEST_F(JournalTest, RefusesAJournalThatAnotherProcessUses) {
  int ready[2], done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  char byte = 0;
  if (child == 0) {
    close(done[1]);
    auto journal = Journal::Open(path_);
    if (write(ready[1], journal.ok() ? "y" : "n", 1) != 1) _exit(1);
    _exit(read(done[0], &byte, 1) == 0 ? 0 : 1);
  }
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  const auto journal = Journal::Open(path_);
  EXPECT_THAT(Message(journal.status()), HasSubstr("is in use by another coordinator"));
  close(done[1]);
  waitpid(child, nullptr, 0);
}

TEST_F(JournalTest, SaysThatItsDirectoryIsMissing) {
  const auto journal = Journal::Open((directory_ / "none" / "journal.db").string());
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(journal.status()), HasSubstr("can't open the journal"));
}

TEST_F(JournalTest, ReplayNamesTheBatchWhoseChecksumIsWrong) {
  WriteThreeBatches();
  Sql("UPDATE batches SET payload = (SELECT payload FROM batches WHERE seq = 3) WHERE seq = 2");
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  absl::Status status;
  EXPECT_THAT(Replayed(**journal, &status), ElementsAre(1, 2));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(status), AllOf(HasSubstr("batch 2"), HasSubstr("checksum")));
}

TEST_F(JournalTest, ReplayNamesTheBatchThatIsMissing) {
  WriteThreeBatches();
  Sql("DELETE FROM batches WHERE seq = 2");
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal.ok()) << journal.status();
  absl::Status status;
  EXPECT_THAT(Replayed(**journal, &status), ElementsAre(1, 2));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(status), HasSubstr("batch 2"));
}

}  // namespace
}  // namespace gristmill::coordinator
