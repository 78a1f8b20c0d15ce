// SPDX-License-Identifier: MIT
#include "transport/curl_transfer.hpp"

#include <algorithm>
#include <utility>

#include "base/quietly.hpp"
#include "transport/curl_frame.hpp"
#include "transport/curl_global.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

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

/// The key that is sent with these headers; empty where none is.
std::string_view key_in(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (name == "api-key") return value;  // Azure's way.
    if (name == "Authorization") return std::string_view(value).substr(value.find(' ') + 1);
  }
  return {};
}

/// What curl says, without the values of headers that hold keys. They stand in lines of its own too
/// (HTTP/2 prints each header as it sends it). Some servers repeat `key` in headers of theirs.
std::string without_secrets(std::string_view line, std::string_view key) {
  std::string lower(line);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const std::string_view name : {"authorization", "api-key", "cookie", "x-auth"}) {
    const std::size_t at = lower.find(name);
    if (at != std::string::npos)
      return std::string(line.substr(0, at + name.size())) + ": [redacted]";
  }
  std::string text(line);
  if (key.empty()) return text;
  constexpr std::string_view mark = "[key]";
  for (std::size_t at = text.find(key); at != text.npos; at = text.find(key, at + mark.size())) {
    text.replace(at, key.size(), mark);
  }
  return text;
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
    case CURLE_WEIRD_SERVER_REPLY:
      return TransferResult::not_http;
    case CURLE_UNSUPPORTED_PROTOCOL:
      // Also what curl says of an answer that does not begin as one.
      return connected ? TransferResult::not_http : TransferResult::failed;
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
      return TransferResult::failed;
    default:
      return connected ? TransferResult::receive_failed : TransferResult::connect_failed;
  }
}

}  // namespace

CurlTransfer::~CurlTransfer() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
  curl_slist_free_all(resolve_);
}

Result<void> CurlTransfer::open(const CurlOptions& options, CURLSH* share,
                                long receive_buffer_bytes, std::vector<std::string>* trace,
                                std::size_t* idle_connections) {
  idle_connections_ = idle_connections;
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return Error{ErrorKind::unsupported, "libcurl is out of memory"};
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, message_.data());
  curl_easy_setopt(easy_, CURLOPT_SHARE, share);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // Without it a cancel during a name lookup waits for the lookup: 4 s measured, against 0 ms.
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);  // Not with the key.
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, receive_buffer_bytes);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::on_request);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  if (options.trace) {
    trace_ = trace;
    curl_easy_setopt(easy_, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy_, CURLOPT_DEBUGFUNCTION, &CurlTransfer::on_trace);
    curl_easy_setopt(easy_, CURLOPT_DEBUGDATA, this);
  }
  if (auto set = set_network(options); !set) return set;
  return set_trust(options);
}

Result<void> CurlTransfer::set_text(CURLoption option, const std::string& value, const char* name) {
  if (value.empty()) return {};
  const CURLcode code = curl_easy_setopt(easy_, option, value.c_str());
  if (code == CURLE_OK) return {};
  return Error{ErrorKind::unsupported, std::string("libcurl refused CurlOptions::") + name + ": " +
                                           curl_easy_strerror(code)};
}

Result<void> CurlTransfer::set_network(const CurlOptions& options) {
  const long version = options.http_version == HttpVersion::http2
                           ? static_cast<long>(CURL_HTTP_VERSION_2TLS)
                           : static_cast<long>(CURL_HTTP_VERSION_1_1);
  if (curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, version) != CURLE_OK) {
    return Error{ErrorKind::unsupported, "this libcurl was built without HTTP/2"};
  }
  if (options.http_version == HttpVersion::http2) curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, 1L);
  if (options.compression) curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");  // Else curl reads http_proxy from the environment.
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS,
                   1L);  // The proxy's head is not the server's.
  for (const std::string& entry : options.resolve) {
    curl_slist* longer = curl_slist_append(resolve_, entry.c_str());
    if (longer == nullptr) return Error{ErrorKind::unsupported, "libcurl is out of memory"};
    resolve_ = longer;
  }
  if (resolve_ != nullptr) curl_easy_setopt(easy_, CURLOPT_RESOLVE, resolve_);
  if (options.proxy.empty()) {  // Whose CA curl else copies for each handle and each connection.
    curl_easy_setopt(easy_, CURLOPT_PROXY_CAINFO, nullptr);
    curl_easy_setopt(easy_, CURLOPT_PROXY_CAPATH, nullptr);
  }
  if (auto set = set_text(CURLOPT_PROXY, options.proxy, "proxy"); !set) return set;
  if (auto set = set_text(CURLOPT_PROXYUSERNAME, options.proxy_user, "proxy_user"); !set)
    return set;
  if (auto set = set_text(CURLOPT_PROXYPASSWORD, options.proxy_password, "proxy_password"); !set) {
    return set;
  }
  return set_text(CURLOPT_UNIX_SOCKET_PATH, options.unix_socket, "unix_socket");
}

Result<void> CurlTransfer::set_trust(const CurlOptions& options) {
  if (auto set = set_text(CURLOPT_SSLCERT, options.client_certificate, "client_certificate");
      !set) {
    return set;
  }
  if (auto set = set_text(CURLOPT_SSLKEY, options.client_key, "client_key"); !set) return set;
  if (auto set = set_text(CURLOPT_KEYPASSWD, options.client_key_password, "client_key_password");
      !set) {
    return set;
  }
  if (!options.ca_pem.empty()) {
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(easy_, CURLOPT_CAINFO, nullptr);
    curl_blob blob{const_cast<char*>(options.ca_pem.data()), options.ca_pem.size(), CURL_BLOB_COPY};
    const bool is_set = curl_easy_setopt(easy_, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
    return is_set ? Result<void>()
                  : Error{ErrorKind::unsupported, "libcurl refused CurlOptions::ca_pem"};
  }
  const std::string ca_file = options.ca_file.empty() ? curl_ca_file() : options.ca_file;
  // A CA path switches curl's cache of parsed CA files off: 25 ms in one poll for each connection.
  if (!ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
  return set_text(CURLOPT_CAINFO, ca_file, "ca_file");
}

CURLcode CurlTransfer::set_url(const std::string& text, std::shared_ptr<CURLU> url) {
  if (url && url == url_) return CURLE_OK;
  curl_easy_setopt(easy_, CURLOPT_CURLU, url.get());
  url_ = std::move(url);
  // Also beside a CURLU, which is what is used: curl names this one.
  return curl_easy_setopt(easy_, CURLOPT_URL, text.c_str());
}

bool CurlTransfer::prepare(HttpRequest request, std::shared_ptr<CURLU> url,
                           std::shared_ptr<curl_slist> header_list, TransferHandler& handler) {
  request_ = std::move(request);
  header_list_ = std::move(header_list);
  handler_ = &handler;
  status_ = 0;
  connected_ = head_is_complete_ = handler_failed_ = was_repeated_ = false;
  message_[0] = '\0';
  CURLcode code = set_url(request_.url, std::move(url));
  request_.url = {};  // curl has a copy.
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

TransferEnd CurlTransfer::end_of(CURLcode code) const noexcept {
  TransferEnd end;
  end.result = handler_failed_ ? TransferResult::refused_by_handler : result_of(code, connected_);
  quietly([&] {
    if (code != CURLE_OK) {
      end.message = message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
    }
    if (was_repeated_) end.message = "the connection was closed by the server";
  });
  end.request_sent = request_was_sent();
  end.times = times();
  return end;
}

TransferTimes CurlTransfer::times() const {
  using std::chrono::microseconds;
  const auto read = [this](CURLINFO info) {
    curl_off_t value = 0;
    curl_easy_getinfo(easy_, info, &value);
    return value;
  };
  const auto stage = [&](CURLINFO info, curl_off_t since) -> std::optional<microseconds> {
    const curl_off_t at = read(info);
    if (at < since || at == 0) return std::nullopt;
    return microseconds(at - since);
  };
  const curl_off_t looked_up = read(CURLINFO_NAMELOOKUP_TIME_T);
  const curl_off_t connected = read(CURLINFO_CONNECT_TIME_T);
  TransferTimes times;
  times.name_lookup = stage(CURLINFO_NAMELOOKUP_TIME_T, 0);
  times.connect = stage(CURLINFO_CONNECT_TIME_T, looked_up);
  times.tls = stage(CURLINFO_APPCONNECT_TIME_T, connected);
  times.first_byte = stage(CURLINFO_STARTTRANSFER_TIME_T, 0);
  times.bytes_sent = static_cast<std::uint64_t>(read(CURLINFO_SIZE_UPLOAD_T));
  times.bytes_received = static_cast<std::uint64_t>(read(CURLINFO_SIZE_DOWNLOAD_T));
  times.connection_was_reused = connected_ && uses_known_connection();
  return times;
}

bool CurlTransfer::uses_known_connection() const {
  long made = 0;
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &made);
  return made == 0;
}

bool CurlTransfer::request_was_sent() const {
  if (!connected_) return false;
  if (status_ != 0 || was_repeated_) return true;
  long header_bytes = 0;
  curl_off_t body_bytes = 0;
  const auto request_bytes = static_cast<curl_off_t>(request_.body ? request_.body->size() : 0);
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &header_bytes);
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &body_bytes);
  return header_bytes > 0 && body_bytes >= request_bytes;
}

int CurlTransfer::on_request(void* self, char*, char*, int, int) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  // curl sends a request again, silently, when a reused connection turns out to be closed. The
  // server may have read the first one, and then it is an attempt of its own, with a bill of its
  // own.
  if (transfer->connected_) {
    transfer->was_repeated_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  transfer->connected_ = true;
  if (*transfer->idle_connections_ > 0 && transfer->uses_known_connection()) {
    --*transfer->idle_connections_;
  }
  TALLY_TRY {
    transfer->handler_->on_connected();
    return CURL_PREREQFUNC_OK;
  }
  TALLY_CATCH()
  return CURL_PREREQFUNC_ABORT;
}

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

int CurlTransfer::on_trace(CURL*, curl_infotype kind, char* data, std::size_t size, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  if (kind != CURLINFO_TEXT && kind != CURLINFO_HEADER_IN && kind != CURLINFO_HEADER_OUT) return 0;
  TALLY_TRY {
    std::string_view lines(data, size);
    const auto& headers = transfer->request_.headers;
    const std::string_view key = headers ? key_in(*headers) : std::string_view();
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(line.size() + 1, lines.size()));
      transfer->trace_->push_back(without_secrets(trimmed(line), key));
    }
  }
  TALLY_CATCH()
  return 0;
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
