// SPDX-License-Identifier: MIT
#pragma once

// Everything that tally says, collected to be searched for the key.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tally/tally.hpp"

namespace faults {

/// May be shared by threads.
class Outputs {
 public:
  /// Makes a client with `options` say everything: ledger, hooks, trace. This outlives it.
  void listen_to(tally::ClientOptions& options);
  void add(const std::string& place, const std::string& text);
  void add(const tally::Error& error);
  void add(const tally::Completion& completion);
  /// The rows of every ledger that `listen_to` made.
  void add_ledger_rows();

  /// The places, each with the text, where `secret` stands.
  std::vector<std::string> holding(const std::string& secret) const;
  /// How many texts were searched, by place.
  std::map<std::string, std::size_t> counts() const;

 private:
  void add_attempt(const std::string& place, const tally::Attempt& attempt);

  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<tally::Ledger> ledgers_;
};

}  // namespace faults
