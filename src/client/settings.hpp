// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "client/meter.hpp"
#include "tally/client.hpp"
#include "tally/provider.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// A client's options, checked and worked out once. Immutable, but for what the meter counts; may
/// be shared by threads.
struct ClientSettings {
  ClientOptions options;
  Provider provider;
  std::string host;        ///< Of the base URL.
  std::string price_host;  ///< What cards' hosts are compared with; empty where the user named the
                           ///< provider.
  std::string chat_url;
  std::string fim_url;
  std::shared_ptr<const HttpHeaders> headers;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<Meter> meter;  ///< What happens to its calls; never null.

  const PriceCatalog& prices() const {
    return options.prices ? *options.prices : PriceCatalog::builtin();
  }
};

/// The headers of a request with the key that `ClientOptions::token` gives; null if that throws,
/// is empty or holds control characters.
std::shared_ptr<const HttpHeaders> headers_with_token(const ClientOptions& options);

/// `invalid_argument` names the option and what is wrong with it; `authentication` for a missing
/// key.
Result<std::shared_ptr<const ClientSettings>> check_options(ClientOptions options);

}  // namespace TALLY_ABI
}  // namespace tally
