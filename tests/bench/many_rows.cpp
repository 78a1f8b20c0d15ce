// SPDX-License-Identifier: MIT
#include "many_rows.hpp"

#include <cstdlib>

#include "call.hpp"
#include "raw_client.hpp"
#include "timing.hpp"

namespace bench {
namespace {

/// Notes when each of so many streams has had its first chunk, and what comes after that.
class Begun {
 public:
  explicit Begun(int streams) : has_begun_(static_cast<std::size_t>(streams)), left_(streams) {}

  void add(std::size_t stream) {
    if (left_ == 0) ++chunks_;
    if (left_ == 0 || has_begun_[stream]) return;
    has_begun_[stream] = true;
    if (--left_ == 0) cpu_us_ = cpu_us();
  }

  Figures figures() const {
    const auto chunks = static_cast<double>(chunks_);
    return {{"begun_cpu_us", chunks == 0 ? 0 : (cpu_us() - cpu_us_) / chunks}};
  }

 private:
  std::vector<bool> has_begun_;
  int left_;
  double cpu_us_ = 0;
  std::int64_t chunks_ = 0;
};

Figures run_tally_streams(const std::string& url, int count) {
  const tally::Client client = open_client(url);
  const tally::CallId first = client.chat_start(small_request());
  for (int i = 1; i < count; ++i) client.chat_start(small_request());
  Begun begun(count);
  std::size_t text = 0;
  for (int left = count; left > 0;) {
    if (!client.wait(std::chrono::seconds(10))) fail("wait");
    for (tally::Event event; client.next_event(event);) {
      text += event.delta.text.size();
      if (!event.completion) {
        begun.add(event.call - first);
        continue;
      }
      check(*event.completion);
      --left;
    }
  }
  Figures figures = begun.figures();
  figures["text"] = static_cast<double>(text);
  return figures;
}

}  // namespace

Figures streams(const std::vector<std::string>& words) {
  const int count = std::atoi(words[3].c_str());
  Figures read;
  Figures figures = timed([&] {
    if (words[1] == "tally") {
      read = run_tally_streams(words[2], count);
    } else {
      const auto text = run_raw_streams(words[2] + "/chat/completions", count);
      read["text"] = static_cast<double>(text);
    }
  });
  figures.insert(read.begin(), read.end());
  figures["peak_kib"] = peak_kib();
  return figures;
}

}  // namespace bench
