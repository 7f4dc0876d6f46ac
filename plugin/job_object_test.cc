#include "plugin/job_object.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/status.h"
#include "gristmill/job_object.h"
#include "plugin/elf_file.h"
#include "plugin/object_fixture.h"

namespace gristmill::plugin {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class JobObjectTest : public ObjectTest {
 protected:
  std::string Refusal(const std::string& path) {
    return Message(CheckJobObject(path, path.substr(path.rfind('/') + 1)));
  }
  // A note without a job: what is checked before anything is loaded.
  std::string WithNote(const std::string& name, const std::string& abi) {
    return Compile(name,
                   "#include \"gristmill/job_object.h\"\n#undef GRISTMILL_JOB_ABI\n"
                   "#define GRISTMILL_JOB_ABI \"" +
                       abi + "\"\nGRISTMILL_JOB_NOTE;\n");
  }
  static std::string Abi(const std::string& api, const std::string& library = "libstdc++",
                         const std::string& cxx11 = "1", const std::string& pointer = "8") {
    return "api=" + api + ";library=" + library + ";cxx11_abi=" + cxx11 +
           ";pointer_bytes=" + pointer;
  }
  static std::string Contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(JobObjectTest, AnObjectOfThisVersionIsLoadedWithItsOwnRegistry) {
  const std::string path = CompileJob("good");
  EXPECT_EQ(Refusal(path), "");
  const JobMap* const jobs = LoadJobObject(path, "libgood.so").value();
  ASSERT_EQ(jobs->size(), 1u);
  const JobInfo& job = *FindJobIn(*jobs, "libgood.so", "").value();
  EXPECT_EQ(job.name, "count");
  EXPECT_TRUE(job.declare({}).has_shuffle());
  EXPECT_EQ(FindJob("count"), nullptr) << "this program's own registry knows nothing of it";
}

TEST_F(JobObjectTest, TwoObjectsMayHaveJobsOfTheSameName) {
  const JobMap* const first = LoadJobObject(CompileJob("first"), "libfirst.so").value();
  const JobMap* const second = LoadJobObject(CompileJob("second"), "libsecond.so").value();
  EXPECT_NE(first, second);
  EXPECT_EQ(first->size(), 1u);
  EXPECT_EQ(second->size(), 1u);
}

TEST_F(JobObjectTest, EachTranslationUnitWithAJobHasItsNote) {
  const ElfFile elf = ReadElfFile(CompileJob("good"), GRISTMILL_NOTE_NAME).value();
  EXPECT_THAT(elf.notes, ElementsAre(GRISTMILL_JOB_ABI));
  EXPECT_TRUE(elf.is_shared_object);
}

TEST_F(JobObjectTest, AnotherVersionOfTheApiIsRefused) {
  EXPECT_THAT(Refusal(WithNote("future", Abi("99"))),
              AllOf(HasSubstr("'libfuture.so' was built for version 99 of Gristmill's job API"),
                    HasSubstr("build it again")));
}

TEST_F(JobObjectTest, AnotherAbiIsRefused) {
  const std::string api = GRISTMILL_QUOTE(GRISTMILL_API_VERSION);
  EXPECT_THAT(Refusal(WithNote("old", Abi(api, "libstdc++", "0"))),
              HasSubstr("_GLIBCXX_USE_CXX11_ABI=0"));
  EXPECT_THAT(Refusal(WithNote("llvm", Abi(api, "libc++"))), HasSubstr("standard library libc++"));
  EXPECT_THAT(Refusal(WithNote("small", Abi(api, "libstdc++", "1", "4"))),
              HasSubstr("another C++ ABI"));
}

TEST_F(JobObjectTest, TheRealFlagsOfAnotherAbiAreInTheNote) {
  const std::string path =
      CompileJob("old", "", "", "-D_GLIBCXX_USE_CXX11_ABI=0 -Wl,--unresolved-symbols=ignore-all");
  EXPECT_THAT(Refusal(path), HasSubstr("was built with _GLIBCXX_USE_CXX11_ABI=0"));
}

TEST_F(JobObjectTest, AnotherMachineIsRefused) {
  const std::string path = CompileJob("arm");
  std::string bytes = Contents(path);
  bytes[offsetof(Elf64_Ehdr, e_machine)] =
      static_cast<char>(EM_AARCH64 == 183 ? 243 : 0);  // RISC-V
  bytes[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  EXPECT_THAT(Refusal(directory_.Write("libother.so", bytes)),
              HasSubstr("'libother.so' was built for 64-bit RISC-V, and this gristmill runs on"));
  bytes[EI_CLASS] = ELFCLASS32;
  bytes[offsetof(Elf64_Ehdr, e_machine)] = EM_386;
  EXPECT_THAT(Refusal(directory_.Write("libold.so", bytes)), HasSubstr("built for 32-bit x86"));
}

TEST_F(JobObjectTest, WhatIsNoSharedObjectWithAJobIsRefused) {
  EXPECT_THAT(Refusal(directory_.Write("job.py", "print(1)")), HasSubstr("is no shared object"));
  EXPECT_THAT(Refusal(directory_.Write("empty.so", "")), HasSubstr("is no shared object"));
  EXPECT_THAT(Refusal("/proc/self/exe"), HasSubstr("program"));
  EXPECT_THAT(Refusal(Compile("plain", "int f() { return 1; }")),
              HasSubstr("is a shared object without a Gristmill job"));
  EXPECT_THAT(Refusal(directory_.path("none.so")), HasSubstr("No such file"));
}

TEST_F(JobObjectTest, DamagedFilesAreRefusedAtWhateverByteTheyEnd) {
  const std::string bytes = Contents(CompileJob("good"));
  for (std::size_t size = 0; size < 2'000; size += 7) {
    const absl::Status status =
        CheckJobObject(directory_.Write("cut.so", bytes.substr(0, size)), "cut.so");
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << size << status;
  }
}

TEST_F(JobObjectTest, AMissingLibraryIsNamedAndNoCodeRuns) {
  const std::string gone =
      Compile("gone", "__attribute__((visibility(\"default\"))) int Gone() { return 1; }");
  const std::string marker = directory_.path("marker");
  const std::string path = Compile("needy",
                                   "#include <cstdio>\n#include \"gristmill/job.h\"\nint Gone();\n"
                                   "static bool ran = (std::fclose(std::fopen(\"" +
                                       marker +
                                       "\", \"w\")), Gone());\n"
                                       "GRISTMILL_JOB_NOTE;\n",
                                   "", gone);
  std::filesystem::remove(gone);
  EXPECT_EQ(Refusal(path), "");
  EXPECT_THAT(Message(LoadJobObject(path, "libneedy.so").status()),
              AllOf(HasSubstr("'libneedy.so' needs the library"), HasSubstr("libgone.so"),
                    HasSubstr("--file")));
  EXPECT_FALSE(std::filesystem::exists(marker));
}

TEST_F(JobObjectTest, AMissingSymbolIsNamedByWhatItIs) {
  const std::string path =
      CompileJob("loose", "", "void Missing(int);\nstatic const bool kCall = (Missing(1), true);");
  EXPECT_THAT(Message(LoadJobObject(path, "libloose.so").status()),
              HasSubstr("'libloose.so' needs 'Missing(int)'"));
}

TEST_F(JobObjectTest, AnObjectThatHidesItsJobsIsRefused) {
  const std::string path = CompileJob("hidden", "", "", "-Wl,--exclude-libs,ALL");
  EXPECT_THAT(Message(LoadJobObject(path, "libhidden.so").status()),
              HasSubstr("does not export gristmill_job_table"));
}

TEST_F(JobObjectTest, OtherHeadersOfTheSameVersionAreRefused) {
  const std::string path = Compile("drifted", R"(
#include "gristmill/job_layout.h"
#include "gristmill/job_object.h"
#define EXPORT __attribute__((visibility("default")))
constexpr gristmill::JobLayout Grown() {
  gristmill::JobLayout layout = gristmill::kJobLayout;
  layout[2] += 8;
  return layout;
}
extern "C" {
EXPORT extern const gristmill::JobLayout gristmill_job_layout;
const gristmill::JobLayout gristmill_job_layout = Grown();
EXPORT const void* gristmill_job_table() { return nullptr; }
}
GRISTMILL_JOB_NOTE;
)");
  EXPECT_EQ(Refusal(path), "");
  EXPECT_THAT(Message(LoadJobObject(path, "libdrifted.so").status()),
              HasSubstr("'libdrifted.so' was built with other headers"));
}

TEST(ExplainLoadError, NamesNewerLibraries) {
  EXPECT_THAT(ExplainLoadError("libx.so",
                               "/lib/libc.so.6: version `GLIBC_2.99' not found (required "
                               "by ./libx.so)"),
              HasSubstr("newer C library (GLIBC_2.99) than this host's ("));
  EXPECT_THAT(ExplainLoadError("libx.so",
                               "/lib/libstdc++.so.6: version `GLIBCXX_3.4.99' not found "
                               "(required by ./libx.so)"),
              HasSubstr("newer C++ library (GLIBCXX_3.4.99)"));
  EXPECT_THAT(ExplainLoadError("libx.so", "something else"),
              HasSubstr("can't be loaded: something"));
}

TEST(FindJobIn, NamesTheJobsThereAre) {
  JobMap jobs;
  jobs["sort"].name = "sort";
  jobs["split"].name = "split";
  EXPECT_THAT(Message(FindJobIn(jobs, "libx.so", "").status()),
              AllOf(HasSubstr("has 2 jobs"), HasSubstr("libx.so:sort"), HasSubstr("sort, split")));
  EXPECT_THAT(Message(FindJobIn(jobs, "libx.so", "splitt").status()),
              HasSubstr("did you mean 'split'"));
  EXPECT_EQ(FindJobIn(jobs, "libx.so", "sort").value()->name, "sort");
}

}  // namespace
}  // namespace gristmill::plugin
