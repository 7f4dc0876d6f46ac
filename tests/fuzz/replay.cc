// Where there is no libFuzzer: feeds each file of the directories and files named to the fuzzer,
// and the empty input. A property that does not hold aborts.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::set<fs::path> FilesOf(int count, char** names) {
  std::set<fs::path> files;
  for (int i = 0; i < count; ++i) {
    if (!fs::is_directory(names[i])) {
      files.insert(names[i]);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(names[i])) files.insert(entry.path());
  }
  return files;
}

void Replay(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::set<fs::path> files = FilesOf(argc - 1, argv + 1);
  if (files.empty()) {
    std::fprintf(stderr, "there is no input to replay; name files or directories of them\n");
    return 2;
  }
  Replay("");
  for (const fs::path& file : files) {
    std::fprintf(stderr, "replaying %s\n", file.c_str());
    std::ifstream in(file, std::ios::binary);
    Replay({std::istreambuf_iterator<char>(in), {}});
  }
  return 0;
}
