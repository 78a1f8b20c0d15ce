// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "measures.hpp"

namespace bench {
namespace {

/// Rows of one kind of work, each some ten times as much as the one before it.
struct Growing {
  std::vector<Row> rows;
  std::vector<double> units;

  void add(double count, Row row) {
    rows.push_back(std::move(row));
    units.push_back(count);
  }
};

/// Work is linear where a unit costs no more in the largest row than in the one before it, and than
/// in the middle one: a quadratic part would make it ten times as much.
void report_time(Report& report, const Results& results, const Growing& growing,
                 const std::string& unit, const std::string& key) {
  std::vector<double> each;
  for (std::size_t i = 0; i < growing.rows.size(); ++i) {
    each.push_back(results.of(growing.rows[i].name, "cpu_us").median / growing.units[i]);
    report.row(results, growing.rows[i].name, "cpu_us", "ns/" + unit, 1000 / growing.units[i]);
  }
  report.figure(key, "CPU a " + unit + ", largest / the one before",
                each.back() / each[each.size() - 2], 1.2);
  report.figure(key + "_vs_middle", "the same, largest / middle one",
                each.back() / each[each.size() / 2], 1.2);
}

/// How much more memory the largest row took, for a byte more of text that is kept.
void report_memory(Report& report, const Results& results, const Growing& growing,
                   const std::string& key, double most) {
  for (const Row& row : growing.rows) {
    report.row(results, row.name, "peak_kib", "MB peak", 1.0 / 1024);
  }
  const std::string& largest = growing.rows.back().name;
  const std::string& before = growing.rows[growing.rows.size() - 2].name;
  const auto more = [&](const std::string& figure) {
    return results.of(largest, figure).median - results.of(before, figure).median;
  };
  report.figure(key, "bytes held for a byte more of text", more("peak_kib") * 1024 / more("text"),
                most);
}

void grow_streams(Report& report, const Server& server, const Scale& scale) {
  report.section("Growth: a stream of more and more chunks");
  Growing streams;
  for (long length = 1000; length <= scale.largest_stream; length *= 10) {
    streams.add(
        static_cast<double>(length),
        process_row(std::to_string(length) + " chunks",
                    {"stream", "tally", server.url("/stream/" + std::to_string(length) + "/pieces"),
                     server.url("/stream/1000/pieces")}));
  }
  const Results results = run_rounds("growth of a stream", streams.rows, scale.rounds);
  report_time(report, results, streams, "chunk", "growth_cpu_per_chunk");
  // A string that grows is at most twice as large as its text, and once more while it moves.
  report_memory(report, results, streams, "growth_bytes_per_byte_of_text", 3);
}

void grow_replies(Report& report, const Server& server, const Scale& scale) {
  report.section("Growth: a reply, not streamed, of more and more text");
  Growing replies;
  for (long bytes = 1000; bytes <= scale.largest_reply; bytes *= 10) {
    const std::string text = std::to_string(bytes);
    replies.add(static_cast<double>(bytes) / 1000,
                process_row("a reply of " + std::to_string(bytes / 1000) + " KB",
                            {"reply", server.url("/reply/" + text), server.url("/small")}));
  }
  const Results results = run_rounds("growth of a reply", replies.rows, scale.rounds);
  report_time(report, results, replies, "KB", "growth_cpu_per_reply_byte");
  report_memory(report, results, replies, "growth_bytes_per_byte_of_reply", 4);
}

void grow_conversations(Report& report, const Server& server, const Scale& scale) {
  report.section("Growth: a call of a longer and longer conversation, 190 bytes a message");
  Growing conversations;
  for (int messages = 1; messages <= scale.longest_conversation; messages *= 10) {
    const std::string count = std::to_string(messages);
    conversations.add(messages, process_row(count + (messages == 1 ? " message" : " messages"),
                                            {"conversation", server.url("/small"), count}));
  }
  const Results results = run_rounds("growth of a conversation", conversations.rows, scale.rounds);
  report_time(report, results, conversations, "message", "growth_cpu_per_message");
  for (const Row& row : conversations.rows) {
    report.row(results, row.name, "held_more_kib", "MB more after many calls", 1.0 / 1024);
  }
}

}  // namespace

void measure_growth(Report& report, const Server& server, const Scale& scale) {
  grow_streams(report, server, scale);
  grow_replies(report, server, scale);
  grow_conversations(report, server, scale);
}

}  // namespace bench
