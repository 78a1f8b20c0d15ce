// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "client/booking.hpp"
#include "client/settings.hpp"
#include "tally/client.hpp"
#include "tally/fim.hpp"

namespace tally {
inline namespace TALLY_ABI {

/// What a call asks the server for, and whether somebody reads its deltas.
enum class CallShape {
  document,  ///< One JSON document; nothing is handed over before the end.
  streamed,  ///< A stream; its deltas are pulled.
};

/// A request ready to be sent: nothing beyond this knows which kind of request it was. Move-only.
struct CallOrder {
  CallShape shape;
  std::string model;
  const std::string* url;  ///< One of the settings'.
  /// Shared by all attempts. Or why no server could read the request.
  Result<std::shared_ptr<const std::string>> body;
  Booking booking;  ///< Knows what the request bounds.
};

CallOrder order_of(const ClientSettings& settings, const ChatRequest& request,
                   const CallOptions& options, CallShape shape);
CallOrder order_of(const ClientSettings& settings, const FimRequest& request,
                   const CallOptions& options, CallShape shape);

}  // namespace TALLY_ABI
}  // namespace tally
