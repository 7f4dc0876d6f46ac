#include "storage/blob_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>
#include <vector>

#include "base/shipping_limits.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Sha256Of(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

class BlobStoreTest : public testing::Test {
 protected:
  std::unique_ptr<BlobStore> Open(std::uint64_t bytes_max = 1 << 20) {
    return BlobStore::Open(directory_.path("blobs"), {.bytes_max = bytes_max}).value();
  }
  static absl::Status Add(BlobStore& store, std::string_view bytes) {
    auto writer = store.Begin(Sha256Of(bytes), bytes.size());
    if (!writer.ok()) return writer.status();
    if (absl::Status status = (*writer)->Append(bytes); !status.ok()) return status;
    return (*writer)->Finish();
  }
  std::vector<std::string> Files() { return directory_.Files(); }

  TestDirectory directory_;
};

TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(HexOf(Sha256Of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(BlobStoreTest, KeepsWhatCameWhole) {
  const auto store = Open();
  EXPECT_FALSE(store->Has(Sha256Of("wheat")));
  ASSERT_TRUE(Add(*store, "wheat").ok());
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));
  EXPECT_THAT(Files(), ElementsAre("blobs/" + HexOf(Sha256Of("wheat"))));
}

TEST_F(BlobStoreTest, RefusesOtherContentsThanAnnounced) {
  const auto store = Open();
  auto writer = store->Begin(Sha256Of("wheat"), 5).value();
  ASSERT_TRUE(writer->Append("chaff").ok());
  const absl::Status status = writer->Finish();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("is not what was announced"));
  writer.reset();
  EXPECT_FALSE(store->Has(Sha256Of("wheat")));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(BlobStoreTest, RefusesWhatIsCutShort) {
  const auto store = Open();
  auto writer = store->Begin(Sha256Of("wheat"), 5).value();
  ASSERT_TRUE(writer->Append("whe").ok());
  const absl::Status status = writer->Finish();
  EXPECT_THAT(std::string(status.message()), HasSubstr("3 of 5 bytes came"));
  writer.reset();
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(BlobStoreTest, RefusesMoreThanAnnouncedBeforeItIsWritten) {
  const auto store = Open();
  const auto writer = store->Begin(Sha256Of("wheat"), 5).value();
  ASSERT_TRUE(writer->Append("whe").ok());
  EXPECT_TRUE(absl::IsDataLoss(writer->Append("eat")));
}

TEST_F(BlobStoreTest, RefusesWhatIsTooLargeForAnyJob) {
  const auto store = Open(std::uint64_t{1} << 50);
  const auto writer = store->Begin(Sha256Of("wheat"), kShippedFileBytesMax + 1);
  EXPECT_TRUE(absl::IsInvalidArgument(writer.status()));
  EXPECT_THAT(std::string(writer.status().message()), HasSubstr("larger than the 1.0 GiB"));
}

TEST_F(BlobStoreTest, TheLongestUnusedGoesWhenRoomIsNeeded) {
  const auto store = Open(10);
  ASSERT_TRUE(Add(*store, "wheat").ok());
  ASSERT_TRUE(Add(*store, "rye").ok());
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));  // which is a use
  ASSERT_TRUE(Add(*store, "spelt").ok());
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));
  EXPECT_FALSE(store->Has(Sha256Of("rye")));
}

TEST_F(BlobStoreTest, WhatAJobNeedsStaysAndOthersAreRefused) {
  const auto store = Open(10);
  ASSERT_TRUE(Add(*store, "wheat").ok());
  store->Keep(7, {Sha256Of("wheat")});
  const absl::Status status = Add(*store, "barley");
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("no room for a file of 6 B"));
  store->RemoveUnused(0);
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));
  store->Release(7);
  EXPECT_TRUE(Add(*store, "barley").ok());
  EXPECT_FALSE(store->Has(Sha256Of("wheat")));
}

TEST_F(BlobStoreTest, WhatIsBeingWrittenCountsAndGivesItsRoomBack) {
  const auto store = Open(10);
  auto writer = store->Begin(Sha256Of("barley"), 6);
  ASSERT_TRUE(writer.ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Add(*store, "wheat")));
  writer->reset();
  EXPECT_TRUE(Add(*store, "wheat").ok());
}

TEST_F(BlobStoreTest, RemovesWhatNobodyUsesAnyMore) {
  const auto store = Open();
  ASSERT_TRUE(Add(*store, "wheat").ok());
  store->RemoveUnused(60'000);
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));
  store->RemoveUnused(0);
  EXPECT_FALSE(store->Has(Sha256Of("wheat")));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(BlobStoreTest, AnotherOneTakesOverWhatIsWhole) {
  ASSERT_TRUE(Add(*Open(), "wheat").ok());
  directory_.Write("blobs/unfinished-1", "whe");
  const auto store = Open(5);
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));
  EXPECT_THAT(Files(), ElementsAre("blobs/" + HexOf(Sha256Of("wheat"))));
  EXPECT_TRUE(Add(*store, "spelt").ok());  // in its place: its size was known
}

TEST_F(BlobStoreTest, OthersGoWhenBytesComeNotWhenTheyAreAnnounced) {
  const auto store = Open(10);
  ASSERT_TRUE(Add(*store, "wheat").ok());
  ASSERT_TRUE(Add(*store, "rye").ok());
  const auto writer = store->Begin(Sha256Of("buckwheat"), 9).value();
  ASSERT_TRUE(writer->Append("bu").ok());
  EXPECT_TRUE(store->Has(Sha256Of("rye")) && store->Has(Sha256Of("wheat")));
  ASSERT_TRUE(writer->Append("ck").ok());
  EXPECT_FALSE(store->Has(Sha256Of("rye")));
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));
}

TEST_F(BlobStoreTest, RoomThatJobsTookMeanwhileIsMissedWhenTheBytesCome) {
  const auto store = Open(10);
  ASSERT_TRUE(Add(*store, "wheat").ok());
  auto writer = store->Begin(Sha256Of("barley"), 6).value();
  store->Keep(7, {Sha256Of("wheat")});
  EXPECT_TRUE(absl::IsResourceExhausted(writer->Append("barley")));
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));
  writer.reset();
  EXPECT_TRUE(Add(*store, "spelt").ok()) << "the room is there again";
}

TEST_F(BlobStoreTest, WhatIsToStayFreeOnTheDiskIsNotUsed) {
  const auto store =
      BlobStore::Open(directory_.path("blobs"), {.reserve_bytes = std::uint64_t{1} << 62}).value();
  const absl::Status status = Add(*store, "wheat");
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("must stay so; free some space there"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(BlobStoreTest, ADamagedOneCanBeDiscardedAndCanComeAgainThoughItIsNeeded) {
  const auto store = Open(10);
  ASSERT_TRUE(Add(*store, "wheat").ok());
  store->Keep(7, {Sha256Of("wheat")});
  store->Discard(Sha256Of("wheat"));
  EXPECT_FALSE(store->Has(Sha256Of("wheat")));
  EXPECT_THAT(Files(), IsEmpty());
  ASSERT_TRUE(Add(*store, "wheat").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Add(*store, "barley"))) << "it is needed as before";
}

TEST_F(BlobStoreTest, NothingIsLostWhileTheSameComesAndGoesFromManyThreads) {
  const auto store = Open(5);  // each removes the other
  std::vector<std::thread> threads;
  for (const std::string text : {"wheat", "spelt", "wheat", "spelt"}) {
    threads.emplace_back([&store, text, owner = threads.size()] {
      for (int i = 0; i < 100; ++i) {
        store->Keep(owner, {Sha256Of(text)});
        EXPECT_TRUE(!Add(*store, text).ok() || store->Has(Sha256Of(text)));
        store->Release(owner);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Add(*store, "wheat").ok()) << "all room was given back";
}

TEST_F(BlobStoreTest, OtherUsersCantLookIntoIt) {
  std::filesystem::create_directories(directory_.path("blobs"));
  chmod(directory_.path("blobs").c_str(), 0755);
  Open();
  struct stat status = {};
  ASSERT_EQ(stat(directory_.path("blobs").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(BlobStoreTest, WhatIsNoDirectoryIsRefusedWithASentence) {
  const auto store = BlobStore::Open(directory_.Write("blobs", "a file"), {});
  EXPECT_FALSE(store.ok());
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("blobs"));
}

TEST_F(BlobStoreTest, TheSameContentsMayComeFromManyAtOnce) {
  const auto store = Open(5 * 8);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(Add(*store, "wheat").ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(store->Has(Sha256Of("wheat")));
  EXPECT_THAT(Files(), ElementsAre("blobs/" + HexOf(Sha256Of("wheat"))));
  store->Keep(7, {Sha256Of("wheat")});
  EXPECT_FALSE(Add(*store, std::string(36, 'x')).ok());
  EXPECT_TRUE(Add(*store, std::string(35, 'x')).ok()) << "it counts once";
}

}  // namespace
}  // namespace gristmill
