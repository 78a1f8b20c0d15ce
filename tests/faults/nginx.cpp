// SPDX-License-Identifier: MIT
#include "faults/nginx.hpp"

#include <doctest/doctest.h>

namespace faults {
namespace {

/// openssl with the certificate commands' common words.
class OpenSsl {
 public:
  explicit OpenSsl(const TempFolder& folder) : folder_(folder) {}

  void make_ca(const std::string& name) const {
    call({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
          "30", "-subj", "/CN=tally test CA", "-keyout", folder_ / (name + ".key"), "-out",
          folder_ / (name + ".pem")});
  }

  /// `days`: -1 for one that has expired.
  void make_leaf(const std::string& name, const std::string& host, const std::string& days) const {
    const std::string extensions = folder_.write(
        name + ".ext", "subjectAltName=DNS:" + host + "\nbasicConstraints=CA:FALSE\n");
    call({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
          "/CN=" + host, "-keyout", folder_ / (name + ".key"), "-out", folder_ / (name + ".csr")});
    call({"x509", "-req", "-in", folder_ / (name + ".csr"), "-CA", folder_ / "ca.pem", "-CAkey",
          folder_ / "ca.key", "-set_serial", std::to_string(++serial_), "-days", days, "-extfile",
          extensions, "-out", folder_ / (name + ".pem")});
  }

 private:
  void call(std::vector<std::string> words) const {
    words.insert(words.begin(), TALLY_OPENSSL);
    const int code = run(words, folder_ / "openssl.log");
    REQUIRE_MESSAGE(code == 0, read_file(folder_ / "openssl.log"));
  }

  const TempFolder& folder_;
  mutable int serial_ = 0;
};

std::string listening(int port, const std::string& words, const std::string& body) {
  return "  server { listen 127.0.0.1:" + std::to_string(port) + words + "; " + body + " }\n";
}

std::string certificate(const std::string& name) {
  return "ssl_certificate " + name + ".pem; ssl_certificate_key " + name + ".key; ";
}

}  // namespace

Nginx::Nginx(int upstream_port) {
  make_certificates();
  folder.write("nginx.conf", configuration(upstream_port));
  const std::string log = folder / "nginx.log";
  process_ = std::make_unique<Process>(
      std::vector<std::string>{TALLY_NGINX, "-p", folder.path() + "/", "-e", folder / "nginx.err",
                               "-c", folder / "nginx.conf"},
      log);
  REQUIRE_MESSAGE(accepts(faulty_port), read_file(log));
}

void Nginx::make_certificates() const {
  const OpenSsl openssl(folder);
  openssl.make_ca("ca");
  openssl.make_ca("stranger");
  openssl.make_leaf("server", "localhost", "30");
  openssl.make_leaf("client", "player", "30");
  openssl.make_leaf("late", "localhost", "-1");
  openssl.make_leaf("other", "elsewhere.example", "30");
}

std::string Nginx::configuration(int upstream_port) const {
  const std::string upstream = "http://127.0.0.1:" + std::to_string(upstream_port);
  const std::string pass = "proxy_http_version 1.1; proxy_pass " + upstream + "; ";
  const std::string at_once = "location / { proxy_buffering off; " + pass + "}";
  const std::string faults =
      "location /429/ { limit_req zone=one; limit_req_status 429; proxy_pass " + upstream +
      "/; } " + "location /502/ { proxy_pass http://127.0.0.1:9; } " +
      "location /413/ { client_max_body_size 1k; proxy_pass " + upstream + "/; } " +
      "location /307/ { return 307 http://elsewhere.example:8080/; }";
  std::string text =
      "daemon off; master_process off; pid nginx.pid;\nevents { }\nhttp {\n"
      "  access_log off;\n"
      "  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;\n"
      "  scgi_temp_path t5;\n"
      "  limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;\n";
  text += listening(https_port, " ssl http2", certificate("server") + at_once);
  text +=
      listening(closing_port, " ssl", "keepalive_timeout 0; " + certificate("server") + at_once);
  text += listening(squeezing_port, " ssl",
                    certificate("server") +
                        "gzip on; gzip_types text/event-stream application/json; "
                        "gzip_min_length 0; location / { " +
                        pass + "}");
  text += listening(expired_port, " ssl", certificate("late") + at_once);
  text += listening(misnamed_port, " ssl", certificate("other") + at_once);
  text += listening(
      asking_port, " ssl",
      certificate("server") + "ssl_client_certificate ca.pem; ssl_verify_client on; " + at_once);
  text += listening(faulty_port, "", faults);
  text += "  server { listen unix:" + socket() + "; " + at_once + " }\n}\n";
  return text;
}

}  // namespace faults
