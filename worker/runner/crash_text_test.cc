#include "worker/runner/crash_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstring>
#include <fstream>
#include <memory>

#include "storage/test_directory.h"
#include "worker/runner/elf_symbols.h"

namespace gristmill::worker {

// Not inlined, and in nobody's way: its address is looked up.
__attribute__((noinline)) void FunctionOfThisTest() { asm volatile(""); }

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::uint64_t Bias() {
  std::uint64_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        *static_cast<std::uint64_t*>(out) = info->dlpi_addr;
        return 1;
      },
      &bias);
  return bias;
}

std::uint64_t AddressOfFunction() { return reinterpret_cast<std::uintptr_t>(&FunctionOfThisTest); }

TEST(ElfSymbols, NameFunctionsByAddress) {
  EXPECT_THAT(FunctionsAt("/proc/self/exe", {AddressOfFunction() - Bias(), 1}),
              ElementsAre(HasSubstr("FunctionOfThisTest"), ""));
}

TEST(ElfSymbols, AFileThatIsNoneNamesNothing) {
  const TestDirectory directory;
  EXPECT_THAT(FunctionsAt("/no/such/file", {1}), ElementsAre(""));
  directory.Write("text", "no program");
  EXPECT_THAT(FunctionsAt(directory.path("text"), {1}), ElementsAre(""));
}

TEST(ElfSymbols, ADamagedFileNamesNothingWrong) {
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::string bytes(4096, '\0');
  self.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const TestDirectory directory;
  directory.Write("cut", bytes);
  EXPECT_THAT(FunctionsAt(directory.path("cut"), {1}), ElementsAre(""));
}

TEST(ShortFunctionName, LeavesOutWhatNobodyReads) {
  EXPECT_EQ(ShortFunctionName("(anonymous namespace)::Foo::Map(std::basic_string_view<char, "
                              "std::char_traits<char> >, gristmill::Emitter<Foo>&)"),
            "Foo::Map");
  EXPECT_EQ(ShortFunctionName("unsigned long gristmill::internal::ForEachLine<gristmill::internal::"
                              "TypedTask<Foo>::MapBlock(int)::{lambda(int)#1}&>(int)"),
            "ForEachLine<TypedTask<Foo>::MapBlock::{lambda#1}&>");
  EXPECT_EQ(ShortFunctionName("Foo::operator()(int) const"), "Foo::operator()");
  EXPECT_EQ(ShortFunctionName("operator new(unsigned long)"), "operator new");
  EXPECT_EQ(ShortFunctionName("main"), "main");
  EXPECT_EQ(ShortFunctionName(std::string(200, 'x')), std::string(100, 'x') + "…");
}

class CrashTextTest : public testing::Test {
 protected:
  CrashTextTest() {
    note_->module_count = 1;
    note_->modules[0].begin = AddressOfFunction();
    note_->modules[0].end = AddressOfFunction() + 16;
    note_->modules[0].bias = Bias();
  }
  const std::unique_ptr<CrashNote> note_ = std::make_unique<CrashNote>();
};

TEST_F(CrashTextTest, NamesAddressAndFunctions) {
  EXPECT_EQ(DescribeCrash(*note_, "/proc/self/exe"), "");
  note_->signal = 11;
  EXPECT_EQ(DescribeCrash(*note_, "/proc/self/exe"), "");
  note_->has_address = 1;
  note_->address = 16;
  note_->frame_count = 4;
  note_->frames[0] = 77;
  for (int i = 1; i < 4; ++i) note_->frames[i] = AddressOfFunction() + 1;
  EXPECT_EQ(DescribeCrash(*note_, "/proc/self/exe"),
            "at address 0x10 in 0x4d < gristmill::worker::FunctionOfThisTest (3 times)");
  note_->stack_overflow = 1;
  EXPECT_THAT(DescribeCrash(*note_, "/no/such/file"),
              testing::StartsWith("of a stack overflow in 0x4d < gristmill+0x"));
}

TEST_F(CrashTextTest, AnythingMayStandInTheNote) {
  std::memset(static_cast<void*>(note_.get()), 0xff, sizeof(CrashNote));
  EXPECT_LT(DescribeCrash(*note_, "/proc/self/exe").size(), 2'000u);
}

}  // namespace
}  // namespace gristmill::worker
