// SPDX-License-Identifier: MIT
#include "ledger/postgres_addresses.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace tally {
inline namespace TALLY_ABI {
namespace {

/// As conninfo, the environment or a service file names them; one empty name where none does.
std::vector<std::string> hosts_of(PGconn* connection) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection),
                                                                             PQconninfoFree);
  std::string_view list;
  for (const PQconninfoOption* option = options.get(); option && option->keyword; ++option) {
    if (std::string_view(option->keyword) == "host" && option->val) list = option->val;
  }
  std::vector<std::string> hosts;
  for (std::size_t comma = 0; comma != list.npos; list.remove_prefix(comma + 1)) {
    comma = list.find(',');
    hosts.emplace_back(list.substr(0, comma));
    if (comma == list.npos) break;
  }
  return hosts;
}

bool is_socket(const std::string& host) { return host.empty() || host[0] == '/' || host[0] == '@'; }

/// Empty: nobody knows it.
std::string address_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  char numbers[NI_MAXHOST] = "";
  (void)::getnameinfo(found->ai_addr, found->ai_addrlen, numbers, sizeof numbers, nullptr, 0,
                      NI_NUMERICHOST);
  ::freeaddrinfo(found);
  return numbers;
}

}  // namespace

void PostgresAddresses::look_up(PGconn* begun) {
  const std::vector<std::string> hosts = hosts_of(begun);
  addresses_.assign(hosts.size(), {});
  if (hosts.size() < 2) return;
  std::string known;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (is_socket(hosts[i])) continue;
    addresses_[i] = address_of(hosts[i]);
    if (known.empty()) known = addresses_[i];
  }
  // A name without a number would be asked for again: another host is tried twice instead.
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (!is_socket(hosts[i]) && addresses_[i].empty()) addresses_[i] = known;
  }
}

void PostgresAddresses::take_over(PGconn* connected) {
  const char* address = PQhostaddr(connected);
  const char* host = PQhost(connected);
  if (address == nullptr || host == nullptr) return;
  const std::vector<std::string> hosts = hosts_of(connected);
  addresses_.resize(hosts.size());
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (hosts.size() == 1 || hosts[i] == host) addresses_[i] = address;
  }
}

std::string PostgresAddresses::joined() const {
  const auto is_empty = [](const std::string& address) { return address.empty(); };
  std::string list;
  if (std::all_of(addresses_.begin(), addresses_.end(), is_empty)) return list;
  for (std::size_t i = 0; i < addresses_.size(); ++i) list += (i > 0 ? "," : "") + addresses_[i];
  return list;
}

}  // namespace TALLY_ABI
}  // namespace tally
