// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "server_process.hpp"

namespace bench {

/// Answers every request over TLS with the small document, with a certificate made when it starts
/// that is its own CA.
class TlsServer {
 public:
  TlsServer();
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string url() const { return "https://127.0.0.1:" + std::to_string(process_.port()); }
  std::int64_t accepted() const { return process_.counts().accepted; }
  std::int64_t resumed() const { return process_.counts().resumed; }
  const std::string& ca_file() const { return ca_file_; }

 private:
  const std::string ca_file_;
  const ServerProcess process_;
};

}  // namespace bench
