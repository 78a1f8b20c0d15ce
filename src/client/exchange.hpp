// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/delta_queue.hpp"
#include "client/settings.hpp"
#include "tally/transport.hpp"
#include "wire/reply_reader.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// One request and its answer, as the transport tells them: only notes are taken here, inside the
/// transport's frames, which no exception may cross; what follows from them is the call's, outside.
/// One thread at a time.
class Exchange final : public TransferHandler {
 public:
  /// `choices`: how many the answer is to have. `deltas`: where they go; null: nobody reads them.
  /// `on_news`: called with every note worth a look.
  Exchange(const ClientSettings& settings, std::int64_t choices, DeltaQueue* deltas,
           std::function<void()> on_news);

  bool is_success_status() const { return status >= 200 && status < 300; }
  /// Grows with each piece of the answer, or of an error's text.
  std::uint64_t payload_count() const;
  /// The answer is complete, or as much of it as proves success.
  bool answer_is_whole() const { return reader && (reader->done() || reader->finished()); }

  // The notes.
  int status = 0;  ///< 0: no complete header has come.
  bool is_connected = false;
  bool is_paused = false;
  bool ran_out = false;  ///< Memory did, in the middle of a note: nothing more is taken.
  std::string request_id;
  std::vector<ReplyHeader> told_headers;  ///< For `Reply::headers`.
  std::string location;                   ///< Where a redirect points to.
  std::string retry_after;                ///< As sent.
  std::string error_body;                 ///< Its first part, where the status is no success.
  std::optional<ReplyReader> reader;
  std::optional<TransferEnd> end;
  std::optional<Instant> ended_at;  ///< When the transport told of it.

  // When things happened, by the call's clock.
  SteadyInstant started_at{};
  SteadyInstant connected_at{};
  std::optional<SteadyInstant> first_payload_at;
  SteadyInstant last_payload_at{};
  SteadyInstant lingers_since = SteadyInstant::max();
  std::uint64_t payload_seen = 0;
  std::uint64_t output_seen = 0;  ///< Deltas of output.

 private:
  template <class Note>
  void take(Note note);
  void take_header(std::string_view name, std::string_view bytes);
  BodyFlow take_body(std::string_view bytes);
  void on_connected() override;
  void on_header(std::string_view name, std::string_view value) override;
  void on_head(int status_code) override;
  BodyFlow on_body(std::string_view bytes) override;
  void on_end(const TransferEnd& how) noexcept override;

  const ClientSettings& settings_;
  const std::int64_t choices_;
  DeltaQueue* deltas_;
  std::function<void()> on_news_;
};

}  // namespace TALLY_ABI
}  // namespace tally
