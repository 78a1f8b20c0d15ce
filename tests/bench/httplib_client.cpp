// SPDX-License-Identifier: MIT
#include "httplib_client.hpp"

#include <httplib.h>

#include "raw_client.hpp"

namespace bench {

struct HttplibClient::Parts {
  httplib::Client client;
  std::string path;
};

HttplibClient::HttplibClient(const std::string& url) {
  const std::size_t path = url.find('/', url.find("://") + 3);
  parts_ = std::make_unique<Parts>(Parts{httplib::Client(url.substr(0, path)), url.substr(path)});
  parts_->client.set_keep_alive(true);
  parts_->client.set_tcp_nodelay(true);
}

HttplibClient::~HttplibClient() = default;

bool HttplibClient::post(const std::function<void(std::string_view)>& on_body) {
  httplib::Request request;
  request.method = "POST";
  request.path = parts_->path;
  request.headers = {{"Authorization", "Bearer sk-bench"}, {"Content-Type", "application/json"}};
  request.body = raw_request_body;
  request.content_receiver = [&on_body](const char* bytes, std::size_t size, std::uint64_t,
                                        std::uint64_t) {
    on_body({bytes, size});
    return true;
  };
  const httplib::Result result = parts_->client.send(request);
  return result && result->status == 200;
}

}  // namespace bench
