#include "storage/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/status.h"
#include "storage/buffered_writer.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(File, PlainAbsolutePathsHaveNoWayUp) {
  for (const char* good : {"/", "/a", "/a/b.c", "/a/..b", "/a/"}) {
    EXPECT_TRUE(IsPlainAbsolutePath(good)) << good;
  }
  for (const char* bad : {"", "a", "./a", "/..", "/a/../b", "/a/..", "//a", "/a//b"}) {
    EXPECT_FALSE(IsPlainAbsolutePath(bad)) << bad;
  }
  EXPECT_FALSE(IsPlainAbsolutePath(std::string_view("/a\0b", 4)));
}

TEST(File, Utf8IsToldFromOtherBytes) {
  for (const char* good : {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x8c\xbe"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

TEST(File, ErrorsNameThePathAndTheReason) {
  const auto missing = File::OpenForReading("/no/such/file");
  EXPECT_TRUE(absl::IsNotFound(missing.status()));
  EXPECT_EQ(Message(missing.status()), "can't open '/no/such/file': No such file or directory");
}

TEST(File, ALinkThatLeadsNowhereExistsAndWhatLiesBelowAFileDoesNot) {
  const TestDirectory dir;
  dir.Write("file", "");
  std::filesystem::create_symlink("nowhere", dir.path("link"));
  EXPECT_TRUE(Exists(dir.path("file")).value());
  EXPECT_TRUE(Exists(dir.path("link")).value());
  EXPECT_FALSE(Exists(dir.path("missing")).value());
  EXPECT_FALSE(Exists(dir.path("file/below")).value());
  EXPECT_FALSE(Exists(dir.path(std::string(300, 'x'))).ok());
}

TEST(File, ADirectoryThatIsNotThereIsToldFromAnEmptyOne) {
  const TestDirectory dir;
  EXPECT_THAT(ListNames(dir.path()).value(), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(ListNames(dir.path("missing")).status()));
  dir.Write("a", "");
  dir.Write("b/c", "");
  EXPECT_THAT(ListNames(dir.path()).value(), UnorderedElementsAre("a", "b"));
}

TEST(BufferedWriter, SmallAndLargePiecesReachTheFileInOrder) {
  const TestDirectory dir;
  auto writer = BufferedWriter::Create(dir.path("file"));
  ASSERT_TRUE(writer.ok());
  std::string expected;
  for (const std::size_t bytes : {1u, 5u, 300000u, 7u, 200000u, 100000u, 0u, 3u}) {
    const std::string piece(bytes, static_cast<char>('a' + bytes % 26));
    ASSERT_TRUE(writer->Append(piece).ok());
    expected += piece;
    EXPECT_EQ(writer->bytes(), expected.size());
  }
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_TRUE(ReadFile(dir.path("file")) == expected);
}

TEST(BufferedWriter, AFullDiskIsASentenceAndStaysAnError) {
  auto writer = BufferedWriter::Create("/dev/full");
  ASSERT_TRUE(writer.ok());
  const absl::Status full = writer->Append(std::string(1 << 20, 'x'));
  EXPECT_TRUE(absl::IsResourceExhausted(full));
  EXPECT_THAT(Message(full), HasSubstr("'/dev/full': the disk is full; free space"));
  EXPECT_EQ(writer->Append("y"), absl::OkStatus());  // buffered
  EXPECT_EQ(writer->Close(), full);
}

}  // namespace
}  // namespace gristmill
