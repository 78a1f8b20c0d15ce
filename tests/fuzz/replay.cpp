// SPDX-License-Identifier: MIT
// Runs a fuzz target over the files that the arguments name (folders: all in them), in any build:
// what a fuzzer once found stays found.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "fuzz/target.hpp"

namespace {

void replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::printf("%s\n", path.string().c_str());
  std::fflush(stdout);  // So that the last name is the one that broke it.
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code none;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i], none)) {
      if (!entry.is_regular_file()) continue;
      replay(entry.path());
      ++count;
    }
    if (!std::filesystem::is_regular_file(argv[i])) continue;
    replay(argv[i]);
    ++count;
  }
  std::printf("%d inputs replayed\n", count);
  return count > 0 ? 0 : 1;
}
