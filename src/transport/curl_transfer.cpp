// SPDX-License-Identifier: MIT
#include "transport/curl_transfer.hpp"

#include <utility>

namespace tally {
inline namespace TALLY_ABI {
namespace {

// Larger than curl's 16 KB: a fast stream then takes a quarter of the reads. Pages that were never
// written cost no memory.
constexpr long receive_buffer_bytes = 65536;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' ||
                           text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

/// "HTTP/1.1 200 OK" -> 200; 0 for anything else.
int status_of(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || line.size() < space + 4) return 0;
  int status = 0;
  for (const char digit : line.substr(space + 1, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status;
}

TransferResult result_of(CURLcode code, bool connected) {
  switch (code) {
    case CURLE_OK:
      return TransferResult::complete;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return TransferResult::tls_failed;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return TransferResult::connect_failed;
    case CURLE_SEND_ERROR:
      return TransferResult::send_failed;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_OUT_OF_MEMORY:
      return TransferResult::failed;
    default:
      return connected ? TransferResult::receive_failed : TransferResult::connect_failed;
  }
}

}  // namespace

CurlTransfer::~CurlTransfer() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
}

bool CurlTransfer::open(const CurlOptions& options, const std::string& system_ca_file) {
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return false;
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, message_.data());
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // Without it a cancel during a name lookup waits for the lookup: 4 s measured, against 0 ms.
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);  // Not with the key.
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");  // Else curl reads http_proxy from the environment.
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, receive_buffer_bytes);
  const std::string& ca_file = options.ca_file.empty() ? system_ca_file : options.ca_file;
  if (!ca_file.empty()) {
    // A CA path switches curl's cache of parsed CA files off: 25 ms in one poll for each
    // connection.
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(easy_, CURLOPT_CAINFO, ca_file.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::on_request);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  return true;
}

bool CurlTransfer::prepare(HttpRequest request, std::shared_ptr<curl_slist> header_list,
                           TransferHandler& handler) {
  request_ = std::move(request);
  header_list_ = std::move(header_list);
  handler_ = &handler;
  status_ = 0;
  connected_ = head_is_complete_ = handler_failed_ = false;
  message_[0] = '\0';
  CURLcode code = curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  if (code == CURLE_OK) code = curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_.get());
  if (code != CURLE_OK) return false;
  if (!request_.body) {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
    return true;
  }
  curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body->data());
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request_.body->size()));
  return true;
}

void CurlTransfer::release() {
  handler_ = nullptr;
  request_ = HttpRequest{};
}

TransferEnd CurlTransfer::end_of(CURLcode code) const {
  TransferEnd end;
  end.result = handler_failed_ ? TransferResult::refused_by_handler : result_of(code, connected_);
  if (code != CURLE_OK)
    end.message = message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
  end.request_sent = request_was_sent();
  return end;
}

bool CurlTransfer::request_was_sent() const {
  if (!connected_) return false;
  if (status_ != 0) return true;
  long header_bytes = 0;
  curl_off_t body_bytes = 0;
  const auto request_bytes = static_cast<curl_off_t>(request_.body ? request_.body->size() : 0);
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &header_bytes);
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &body_bytes);
  return header_bytes > 0 && body_bytes >= request_bytes;
}

int CurlTransfer::on_request(void* self, char*, char*, int, int) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  transfer->connected_ = true;
  transfer->handler_->on_connected();
  return CURL_PREREQFUNC_OK;
}

// No exception may cross curl's frames: they are C, and leave their locks and buffers behind. What
// can throw below is memory running out, and a transport is not told to survive that, only to end
// the call.
#if defined(__cpp_exceptions)
#define TALLY_TRY try
#define TALLY_CATCH(statement) \
  catch (...) {                \
    statement;                 \
  }
#else
#define TALLY_TRY
#define TALLY_CATCH(statement)
#endif

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  TALLY_TRY {
    transfer->take_header_line({data, size * count});
    return size * count;
  }
  TALLY_CATCH(transfer->handler_failed_ = true)
  return 0;
}

void CurlTransfer::take_header_line(std::string_view line) {
  if (head_is_complete_) return;  // A trailer.
  line = trimmed(line);
  if (line.substr(0, 5) == "HTTP/") {
    status_ = status_of(line);
    return;
  }
  if (!line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    handler_->on_header(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    return;
  }
  if (status_ >= 100 && status_ < 200) return;  // "100 Continue": the real head is still to come.
  head_is_complete_ = true;
  handler_->on_head(status_);
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  TALLY_TRY {
    switch (transfer->handler_->on_body({data, size * count})) {
      case BodyFlow::keep:
        return size * count;
      case BodyFlow::pause:
        return CURL_WRITEFUNC_PAUSE;
      case BodyFlow::abort:
        break;
    }
  }
  TALLY_CATCH()
  transfer->handler_failed_ = true;
  return 0;
}

}  // namespace TALLY_ABI
}  // namespace tally
