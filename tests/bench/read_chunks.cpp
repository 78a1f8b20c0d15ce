// SPDX-License-Identifier: MIT

// read_chunks tally|dom BLOCKS: reads so many thousand ordinary chunks. check_instructions.cmake
// counts what a thousand more cost.

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bench/answers.hpp"
#include "tally/provider.hpp"
#include "wire/reply_reader.hpp"

namespace {

std::size_t read_by_tally(const bench::PreparedStream& stream, int blocks) {
  std::vector<tally::DeltaRecord> deltas;
  tally::ReplyReader reader(tally::provider_named("deepseek"), {}, &deltas);
  reader.feed(stream.head);
  for (int i = 0; i < blocks; ++i) {
    reader.feed(stream.block);
    deltas.clear();
  }
  reader.feed(stream.tail);
  reader.finish(false);
  return reader.error() ? 0 : reader.reply().text().size();
}

std::size_t read_by_dom(const bench::PreparedStream& stream, int blocks) {
  std::string text;
  for (int i = 0; i < blocks; ++i) {
    std::string_view left = stream.block;
    for (std::size_t end = left.find('\n'); end != left.npos; end = left.find('\n')) {
      constexpr std::string_view field = "data: ";
      const std::string_view line = left.substr(0, end);
      left.remove_prefix(end + 1);
      if (line.substr(0, field.size()) != field) continue;
      const auto chunk = nlohmann::json::parse(line.substr(field.size()), nullptr, false);
      text += chunk["choices"][0]["delta"]["content"].get_ref<const std::string&>();
    }
  }
  return text.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const bench::PreparedStream stream = prepare_stream(bench::ChunkKind::text);
  const int blocks = std::atoi(argv[2]);
  const bool is_tally = std::string_view(argv[1]) == "tally";
  return (is_tally ? read_by_tally(stream, blocks) : read_by_dom(stream, blocks)) > 0 ? 0 : 1;
}
