// SPDX-License-Identifier: MIT
#include "c_api/transport.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "c_api/boundary.hpp"
#include "c_api/ends_well.hpp"
#include "c_api/init.hpp"
#include "c_api/storage.hpp"

/// What a host's transport tells of one transfer. It outlives the transfer by one whole drive, so
/// that a host that tells more after the end, or after a cancel, is not heard, and does no harm.
struct tally_transfer_handler : tally::HandleOf<tally::HandleKind::transfer_handler> {
  tally::TransferHandler* target = nullptr;  ///< Null: the transfer has ended.
  const bool* is_driving = nullptr;
  bool was_aborted = false;
  bool has_head = false;
  bool is_over = false;         ///< It had ended before the latest drive.
  const char* fault = nullptr;  ///< Why the transfer is to fail, whatever comes; none: NULL.
};

namespace tally {
inline namespace TALLY_ABI {

namespace {

constexpr std::int64_t longest_wait_us = std::int64_t{366} * 24 * 3600 * 1'000'000;

/// Tells the engine, from inside a frame of the host's, which no exception may cross. What can
/// throw is memory running out; it ends the transfer.
template <class Tell>
void tell(tally_transfer_handler* handler, Tell to_target) {
  if (!is_whole(handler) || handler->target == nullptr) return;
  if (!*handler->is_driving) return;
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  try {
    to_target(*handler->target);
  } catch (...) {
    handler->fault = "it ran out of memory";
  }
#else
  to_target(*handler->target);
#endif
}

std::string_view bytes_of(const char* data, std::uint64_t size) {
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(size)};
}

TransferEnd end_of(const tally_transfer_end* end, const tally_transfer_handler& handler) {
  Arguments given;
  const tally_transfer_end read = given.in(end, "end");
  TransferEnd made;
  made.result = given.one_of<TransferResult>(read.result, 9, "end.result");
  made.request_sent = read.request_sent != 0;
  made.message = given.string(read.message, "end.message");
  if (handler.was_aborted) made.result = TransferResult::refused_by_handler;
  if (handler.fault == nullptr && given.good()) return made;
  made.result = TransferResult::failed;
  made.request_sent = true;  // Unknown, and a bill may have come of it.
  made.message = "the host's transport: ";
  made.message += handler.fault != nullptr ? handler.fault : given.error().message;
  return made;
}

/// For want of memory.
TransferEnd end_without_words() {
  TransferEnd made;
  made.result = TransferResult::failed;
  made.request_sent = true;
  return made;
}

struct HostTransfer {
  HostTransfer(HttpRequest asked, TransferHandler& target, const bool& is_driving)
      : request(std::move(asked)) {
    for (const auto& [name, value] : *request.headers) headers.push_back({view(name), view(value)});
    shown.struct_size = sizeof(shown);
    shown.has_body = request.body != nullptr;
    shown.url = view(request.url);
    if (request.body) shown.body = view(*request.body);
    shown.headers = headers.data();
    shown.headers_count = headers.size();
    handler.target = &target;
    handler.is_driving = &is_driving;
  }

  TransferId id = 0;
  HttpRequest request;
  std::vector<tally_pair> headers;
  tally_http_request shown{};
  tally_transfer_handler handler;
};

class HostTransport : public Transport {
 public:
  HostTransport(const tally_transport& table, std::shared_ptr<const Clock> clock)
      : table_(table), clock_(std::move(clock)) {}
  HostTransport(const HostTransport&) = delete;
  HostTransport& operator=(const HostTransport&) = delete;
  ~HostTransport() override {
    if (instance_ != nullptr) table_.destroy(instance_);
  }

  /// Has the host make its part, which nobody would end where there is no memory for this one.
  bool make() {
    instance_ = table_.make(table_.user);
    return instance_ != nullptr;
  }

  Result<TransferId> start(HttpRequest request, TransferHandler& handler) override {
    transfers_.push_back(std::make_unique<HostTransfer>(std::move(request), handler, is_driving_));
    HostTransfer& transfer = *transfers_.back();
    const TransferId id = table_.start(instance_, &transfer.shown, &transfer.handler);
    if (id != 0 && find(id) == nullptr) {
      transfer.id = id;
      return id;
    }
    // Kept: the host may tell of it all the same.
    transfer.handler.target = nullptr;
    Error error;
    error.kind = ErrorKind::connection;
    error.message = id == 0 ? "the host's transport could not begin the transfer"
                            : "the host's transport began two transfers by one id";
    return error;
  }

  void pause(TransferId id) override {
    if (find(id) != nullptr) table_.pause(instance_, id);
  }

  void resume(TransferId id) override {
    if (find(id) != nullptr) table_.resume(instance_, id);
  }

  void cancel(TransferId id) override {
    HostTransfer* transfer = find(id);
    if (transfer == nullptr) return;
    transfer->handler.target = nullptr;
    table_.cancel(instance_, id);
  }

  void drive(std::chrono::microseconds wait) override {
    forget_over();
    is_driving_ = true;
    table_.drive(instance_, wait.count());
    is_driving_ = false;
  }

  SteadyInstant next_deadline() const override {
    const std::int64_t after_us = table_.next_deadline(instance_);
    if (after_us < 0) return SteadyInstant::max();
    return clock_->steady() + std::chrono::microseconds(std::min(after_us, longest_wait_us));
  }

  void wake() override { table_.wake(instance_); }

  void forget_idle_connections() override {
    if (table_.forget_idle_connections != nullptr) table_.forget_idle_connections(instance_);
  }

 private:
  HostTransfer* find(TransferId id) {
    for (const auto& transfer : transfers_) {
      if (transfer->id == id && transfer->handler.target != nullptr) return transfer.get();
    }
    return nullptr;
  }

  /// Those that had ended before the last drive; those that ended since are over with this one.
  void forget_over() {
    const auto is_over = [](const auto& transfer) { return transfer->handler.is_over; };
    transfers_.erase(std::remove_if(transfers_.begin(), transfers_.end(), is_over),
                     transfers_.end());
    for (const auto& transfer : transfers_) {
      transfer->handler.is_over = transfer->handler.target == nullptr;
    }
  }

  const tally_transport table_;
  void* instance_ = nullptr;
  const std::shared_ptr<const Clock> clock_;
  std::vector<std::unique_ptr<HostTransfer>> transfers_;
  bool is_driving_ = false;
};

}  // namespace

TransportFactory transport_of(const tally_transport& table, std::shared_ptr<const Clock> clock) {
  if (clock == nullptr) clock = system_clock();
  return [table, clock]() -> Result<std::unique_ptr<Transport>> {
    auto transport = std::make_unique<HostTransport>(table, clock);
    if (transport->make()) return std::unique_ptr<Transport>(std::move(transport));
    Error error;
    error.kind = ErrorKind::unsupported;
    error.message = "the host's transport could not be made";
    return error;
  };
}

}  // namespace TALLY_ABI
}  // namespace tally

using tally::TransferHandler;

extern "C" {

int32_t tally_transfer_end_init(tally_transfer_end* end, uint32_t size) {
  return tally::init(end, size);
}

void tally_transfer_handler_on_connected(tally_transfer_handler* handler) {
  tally::tell(handler, [](TransferHandler& target) { target.on_connected(); });
}

void tally_transfer_handler_on_header(tally_transfer_handler* handler, const char* name,
                                      uint64_t name_size, const char* value, uint64_t value_size) {
  tally::tell(handler, [&](TransferHandler& target) {
    target.on_header(tally::bytes_of(name, name_size), tally::bytes_of(value, value_size));
  });
}

void tally_transfer_handler_on_head(tally_transfer_handler* handler, int32_t status) {
  tally::tell(handler, [&](TransferHandler& target) {
    // Heard, a second one would make a refusal of an answer that has a bill.
    if (std::exchange(handler->has_head, true)) {
      handler->fault = "it told of two heads of one answer";
    } else {
      target.on_head(status);
    }
  });
}

int32_t tally_transfer_handler_on_body(tally_transfer_handler* handler, const char* bytes,
                                       uint64_t size) {
  auto flow = tally::BodyFlow::abort;
  if (tally::is_whole(handler) && handler->fault != nullptr) return TALLY_BODY_ABORT;
  tally::tell(handler, [&](TransferHandler& target) {
    flow = target.on_body(tally::bytes_of(bytes, size));
    handler->was_aborted = flow == tally::BodyFlow::abort;
  });
  return static_cast<int32_t>(flow);
}

void tally_transfer_handler_on_end(tally_transfer_handler* handler, const tally_transfer_end* end) {
  tally::tell(handler, [&](TransferHandler& target) {
    handler->target = nullptr;
    tally::TransferEnd how;
    const bool is_read = tally::ends_well([&] { how = tally::end_of(end, *handler); });
    if (!is_read) how = tally::end_without_words();
    target.on_end(how);
  });
}

}  // extern "C"
