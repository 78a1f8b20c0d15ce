// SPDX-License-Identifier: MIT
#pragma once

// What a program does with the bytes of a stream when it has no client library: the floor rows.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

/// Called with each piece of text, or of a tool call's arguments.
using OnText = std::function<void(std::string_view)>;

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void feed(std::string_view bytes) = 0;
};

/// `count` looks at nothing, `lines` finds line ends, `simdjson` and `dom` (nlohmann) read each
/// chunk and hand over its text. Null: this build does not have it.
std::unique_ptr<Decoder> make_decoder(std::string_view name, OnText on_text);

/// A whole answer by nlohmann's DOM; its text.
std::string read_document(std::string_view bytes);

bool has_simdjson();
std::string library_versions();

}  // namespace bench
