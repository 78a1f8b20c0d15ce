// SPDX-License-Identifier: MIT
#pragma once

// The fault matrix as data: where a call meets trouble, which, and how it has to end.

#include <string>
#include <string_view>
#include <vector>

namespace faults {

enum class Stage {
  dns,
  connect,
  tls,
  upload,
  status_line,
  headers,
  before_payload,
  first_byte,
  mid_event,
  between_events,
  after_finish,
  back_off,
};

enum class Fault {
  refuse,
  cut,
  reset,
  stall,
  black_hole,
  slow,
  slice,
  wrong_content,
  server_error,
  cancel,
  clock,
};

enum class Face { chat, stream, poll };

/// Which faces a row stands for. `chat` asks for one document; the others for a stream.
enum class Faces { all, chat, streams };

/// What the bill has to be. `free_or_estimated`: which of the two is a race of the kernel's.
enum class Bill { is_free, estimated, settled, free_or_estimated };

/// Which connections the proxy troubles.
enum class Which {
  every,
  first,
  none,  ///< The provider's script is all the trouble.
};

struct Row {
  Stage stage;
  Fault fault;
  std::string_view detail;
  Faces faces;
  std::string_view ends;  ///< `ok`, or the error's kind, and which clock.
  int attempts;           ///< In the receipt.
  int seen;               ///< Of them by the proxy: the others found no connection.
  std::string_view text;  ///< That is kept.
  Bill bill;
  const char* words = "";  ///< The provider's script.
  const char* says = "";   ///< What the proxy says at the place.
  Which which = Which::every;
};

const std::vector<Row>& fault_table();

/// Stages and faults that do not meet, and why.
struct NoCell {
  Stage stage;
  std::string_view faults;
  std::string_view why;
};
const std::vector<NoCell>& no_cells();

std::string_view to_string(Stage stage);
std::string_view to_string(Fault fault);
std::string_view to_string(Face face);

}  // namespace faults
