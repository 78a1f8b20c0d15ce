// SPDX-License-Identifier: MIT
#include "base/file.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <string>

#include "tally/pricing.hpp"

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// U+00E9, U+4EF7 and, outside of the first plane, U+1F4B0.
const std::string foreign_name = "tally-test-prices-\xc3\xa9\xe4\xbb\xb7\xf0\x9f\x92\xb0.json";

/// The same file by the system's own name for it.
File open_by_system(const char* mode) {
#if defined(_WIN32)
  const std::wstring wide_mode(mode, mode + std::string(mode).size());
  return File(_wfopen(L"tally-test-prices-\u00e9\u4ef7\U0001f4b0.json", wide_mode.c_str()),
              &std::fclose);
#else
  return File(std::fopen(foreign_name.c_str(), mode), &std::fclose);
#endif
}

void remove_by_system() {
#if defined(_WIN32)
  _wremove(L"tally-test-prices-\u00e9\u4ef7\U0001f4b0.json");
#else
  std::remove(foreign_name.c_str());
#endif
}

TEST_CASE("file: a path in UTF-8 names the same file to the system, whatever its code page is") {
  {
    const File file(tally::open_file(foreign_name, "wb"), &std::fclose);
    REQUIRE(file);
    std::fputs("not prices", file.get());
  }
  const File file = open_by_system("rb");
  REQUIRE(file);
  char text[16] = "";
  std::fgets(text, sizeof text, file.get());
  CHECK(std::string(text) == "not prices");

  const auto prices = tally::PriceCatalog::load(foreign_name);
  REQUIRE(!prices);
  CHECK(prices.error().message.find("cannot read the price catalogue") == std::string::npos);
}

TEST_CASE("file: one that is not there is null") {
  remove_by_system();
  CHECK(tally::open_file(foreign_name, "rb") == nullptr);
  const auto prices = tally::PriceCatalog::load(foreign_name);
  REQUIRE(!prices);
  CHECK(prices.error().message == "cannot read the price catalogue " + foreign_name);
}

}  // namespace
