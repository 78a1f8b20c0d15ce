// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "faults/programs.hpp"

namespace faults {

/// nginx before a chat server, one port for each way of behaving, with a CA of its own. The
/// programs' paths come from the build: tests that use this are skipped without them.
class Nginx {
 public:
  explicit Nginx(int upstream_port);

  std::string https() const {
    return at("https://localhost:", https_port);
  }  ///< HTTP/2, done right.
  std::string closing() const {
    return at("https://localhost:", closing_port);
  }  ///< No keep-alive.
  std::string squeezing() const {
    return at("https://localhost:", squeezing_port);
  }  ///< gzip, held.
  std::string expired() const { return at("https://localhost:", expired_port); }
  std::string misnamed() const { return at("https://localhost:", misnamed_port); }
  std::string asking() const {
    return at("https://localhost:", asking_port);
  }  ///< For a certificate.
  std::string faulty() const {
    return at("http://127.0.0.1:", faulty_port);
  }  ///< + /502 and so on.

  std::string ca() const { return folder / "ca.pem"; }
  std::string client_certificate() const { return folder / "client.pem"; }
  std::string client_key() const { return folder / "client.key"; }
  std::string socket() const { return folder / "nginx.sock"; }

  const Process& process() const { return *process_; }

  const TempFolder folder;
  const int https_port = free_port();
  const int closing_port = free_port();
  const int squeezing_port = free_port();
  const int expired_port = free_port();
  const int misnamed_port = free_port();
  const int asking_port = free_port();
  const int faulty_port = free_port();

 private:
  static std::string at(const char* host, int port) { return host + std::to_string(port); }
  void make_certificates() const;
  std::string configuration(int upstream_port) const;

  std::unique_ptr<Process> process_;
};

}  // namespace faults
