// The journal's file and write-ahead log. Damaged, they are refused with a sentence or give whole
// batches from the first on, the closed file all of them; a batch of anything, with its checksum
// right, is read as records or refused.
#include <xxhash.h>

#include <optional>
#include <vector>

#include "base/status.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite.h"
#include "tests/fuzz/fuzz_input.h"

namespace gristmill::fuzz {
namespace {

using coordinator::Journal;
using coordinator::SqliteDatabase;
using Workers = std::vector<std::uint64_t>;

const ScratchDirectory& Scratch() {
  static const ScratchDirectory scratch;
  return scratch;
}

const std::vector<Workers> kBatches = {{1, 2}, {3}, {4, 5, 6}};

void AppendBatch(Journal& journal, const Workers& batch) {
  std::vector<v1::JournalRecord> records;
  for (const std::uint64_t worker : batch) {
    records.emplace_back().mutable_worker_drained()->set_worker(worker);
  }
  Expect(journal.Append(records).ok(), "can't append");
}

struct Files {
  std::string file, wal;
};

// What a process leaves that closes its journal, and one that is killed.
Files WriteFiles(bool closed) {
  const std::string path = Scratch().path("journal");
  auto journal = Journal::Open(path).value();
  for (const Workers& batch : kBatches) AppendBatch(*journal, batch);
  if (closed) journal.reset();
  Files files{Scratch().Read("journal"), closed ? "" : Scratch().Read("journal-wal")};
  journal.reset();
  std::filesystem::remove(path);
  return files;
}

const Files& FilesOf(bool closed) {
  static const Files kFiles[] = {WriteFiles(false), WriteFiles(true)};
  return kFiles[closed];
}

// The workers of the records; none if the journal is refused.
std::optional<Workers> Recovered(const Files& files) {
  const std::string path = Scratch().Write("journal", files.file);
  std::filesystem::remove(path + "-wal");
  std::filesystem::remove(path + "-shm");
  if (!files.wal.empty()) Scratch().Write("journal-wal", files.wal);
  auto journal = Journal::Open(path);
  Workers workers;
  absl::Status status = journal.status();
  if (status.ok()) {
    status = (*journal)->Replay([&](const v1::JournalRecord& record) {
      workers.push_back(record.worker_drained().worker());
      return absl::OkStatus();
    });
  }
  if (status.ok()) return workers;
  Expect(Message(status).find("'" + path + "'") != std::string::npos, "{}", status.ToString());
  return std::nullopt;
}

// Batches from the first on, and how many.
std::optional<std::size_t> CountBatches(const Workers& workers) {
  Workers expected;
  for (std::size_t count = 0;; ++count) {
    if (workers == expected) return count;
    if (count == kBatches.size()) return std::nullopt;
    expected.insert(expected.end(), kBatches[count].begin(), kBatches[count].end());
  }
}

void OpenDamaged(Input& input) {
  const bool closed = input.Flag();
  const Files& good = FilesOf(closed);
  Files bad = good;
  // Either may be damaged, one at a time: that both are is another disk.
  std::string& victim = closed || input.Flag() ? bad.file : bad.wal;
  victim = Damaged(victim, input);
  const auto recovered = Recovered(bad);
  const bool untouched = bad.file == good.file && bad.wal == good.wal;
  if (!recovered.has_value()) {
    Expect(!untouched, "a good journal is refused");
    return;
  }
  if (bad.file.empty()) return;  // an empty file is a new journal
  const auto batches = CountBatches(*recovered);
  Expect(batches.has_value(), "records that were never written");
  if (untouched || closed) Expect(*batches == kBatches.size(), "{} batches are left", *batches);
}

// A journal with one batch of these bytes, which have their checksum.
void ReplayPayload(Input& input) {
  const std::string path = Scratch().Write("journal", FilesOf(true).file);
  const std::string payload(input.Rest());
  {
    auto database = SqliteDatabase::Open(path).value();
    auto update = database.Prepare("UPDATE batches SET payload = ?, checksum = ? WHERE seq = 2");
    update->BindBlob(1, payload);
    update->BindInteger(
        2, static_cast<std::int64_t>(::XXH3_64bits_withSeed(payload.data(), payload.size(), 2)));
    Expect(update->Step().ok(), "can't update");
  }
  auto journal = Journal::Open(path);
  Expect(journal.ok(), "{}", journal.status().ToString());
  std::size_t bytes = 0;
  const absl::Status status = (*journal)->Replay([&](const v1::JournalRecord& record) {
    bytes += record.ByteSizeLong();
    return absl::OkStatus();
  });
  Expect(status.ok() || absl::IsDataLoss(status), "{}", status.ToString());
  Expect(bytes < 1'000'000 + 200 * payload.size(), "{} bytes became {}", payload.size(), bytes);
}

}  // namespace
}  // namespace gristmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gristmill::fuzz::Input input(data, size);
  input.Below(4) == 1 ? gristmill::fuzz::ReplayPayload(input) : gristmill::fuzz::OpenDamaged(input);
  return 0;
}
