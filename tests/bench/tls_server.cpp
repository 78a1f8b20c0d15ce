// SPDX-License-Identifier: MIT
#include "tls_server.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>
#include <thread>

#include "answers.hpp"
#include "timing.hpp"

namespace bench {
namespace {

struct Identity {
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
};

void add_extension(X509* certificate, int name, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, name, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Good for a day, for loopback alone.
Identity make_identity() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("tally bench"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_subject_alt_name, "IP:127.0.0.1");
  if (X509_sign(certificate, key, EVP_sha256()) == 0) fail("OpenSSL made no certificate");
  return {key, certificate};
}

/// Made before the server's process, which inherits it.
const Identity& identity() {
  static const Identity made = make_identity();
  return made;
}

std::string write_ca() {
  char path[] = "/tmp/tally-bench-ca-XXXXXX";
  const int descriptor = mkstemp(path);
  std::FILE* file = descriptor < 0 ? nullptr : fdopen(descriptor, "w");
  if (file == nullptr || PEM_write_X509(file, identity().certificate) == 0) fail("no CA file");
  std::fclose(file);
  return path;
}

void answer_all(SSL* connection) {
  const std::string answer = small_answer();
  std::string in;
  char buffer[16384];
  for (int got = 0; (got = SSL_read(connection, buffer, sizeof buffer)) > 0;) {
    in.append(buffer, static_cast<std::size_t>(got));
    while (const std::size_t length = request_length(in)) {
      in.erase(0, length);
      if (SSL_write(connection, answer.data(), static_cast<int>(answer.size())) <= 0) return;
    }
  }
}

/// A thread for each connection: a client that opens another one is answered and counted, too.
void serve(int listener, Counts& counts) {
  fcntl(listener, F_SETFL, 0);
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, identity().certificate);
  SSL_CTX_use_PrivateKey(context, identity().key);
  for (;;) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++counts.accepted;
    send_without_delay(socket);
    std::thread([context, socket, &counts] {
      SSL* connection = SSL_new(context);
      SSL_set_fd(connection, socket);
      if (SSL_accept(connection) == 1) {
        if (SSL_session_reused(connection) == 1) ++counts.resumed;
        answer_all(connection);
      }
      SSL_free(connection);
      close(socket);
    }).detach();
  }
}

}  // namespace

TlsServer::TlsServer() : ca_file_(write_ca()), process_(&serve) {}

TlsServer::~TlsServer() { unlink(ca_file_.c_str()); }

}  // namespace bench
