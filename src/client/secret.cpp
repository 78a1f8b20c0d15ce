// SPDX-License-Identifier: MIT
#include "client/secret.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/stable_order.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

constexpr std::string_view mark = "[key]";

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

bool same_name(std::string_view name, std::string_view lower) {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

std::string_view last_word(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  return space == text.npos ? text : text.substr(space + 1);
}

/// Where the secret that begins at `at` ends; `at` if none does. Text within text is escaped more
/// than once: any number of backslashes stands for one.
std::size_t end_of_secret(std::string_view text, std::size_t at, std::string_view secret) {
  std::size_t end = at;
  for (const char c : secret) {
    if (end < text.size() && text[end] == c) {
      ++end;
      continue;
    }
    const std::size_t escaped = std::min(text.find_first_not_of('\\', end), text.size());
    if (escaped == end || escaped == text.size()) return at;
    end = escaped + 1;
    if (text[escaped] == c) continue;
    unsigned code = 0;
    const std::string_view digits = text.substr(end, 4);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    const bool is_whole = digits.size() == 4 && read.ptr == digits.data() + 4;
    if (text[escaped] != 'u' || !is_whole || code != static_cast<unsigned char>(c)) return at;
    end += 4;
  }
  return end;
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Span> find_secrets(std::string_view text, const std::vector<std::string>& secrets) {
  std::vector<Span> found;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    for (const std::string& secret : secrets) {
      if (end == at && secret.size() >= least_secret) end = end_of_secret(text, at, secret);
    }
    if (end > at) found.push_back({at, end});
    at = std::max(end, at + 1);
  }
  return found;
}

void add_words(std::string_view value, std::vector<std::string>& words) {
  // What stands before the first space is a scheme: `Bearer`, `Basic`.
  if (const std::size_t space = value.find(' '); space != value.npos) {
    value.remove_prefix(space + 1);
  }
  while (!value.empty()) {
    const std::string_view word = value.substr(0, value.find(' '));
    value.remove_prefix(std::min(word.size() + 1, value.size()));
    if (!word.empty()) words.emplace_back(word);
  }
}

/// `name=value; name=value`
void add_cookies(std::string_view value, std::vector<std::string>& words) {
  while (!value.empty()) {
    std::string_view cookie = value.substr(0, value.find(';'));
    value.remove_prefix(std::min(cookie.size() + 1, value.size()));
    cookie.remove_prefix(std::min(cookie.find('=') + 1, cookie.size()));
    cookie.remove_prefix(std::min(cookie.find_first_not_of(' '), cookie.size()));
    if (!cookie.empty()) words.emplace_back(cookie);
  }
}

}  // namespace

std::string_view key_in(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    // A host may have set either header itself, as it likes.
    if (!same_name(name, "authorization") && !same_name(name, "api-key")) continue;
    // What follows the scheme, whatever its case: `Bearer`, `bearer`, `Basic`.
    return last_word(value);
  }
  return {};
}

bool is_secret_name(std::string_view header_name) {
  const std::string lower = lower_case(header_name);
  if (lower.find("ratelimit") != lower.npos || lower.find("rate-limit") != lower.npos) return false;
  for (const std::string_view word :
       {"auth", "key", "token", "secret", "cookie", "session", "password", "credential"}) {
    if (lower.find(word) != lower.npos) return true;
  }
  return false;
}

std::vector<std::string> secrets_in(const HttpHeaders& headers) {
  std::vector<std::string> secrets;
  for (const auto& [name, value] : headers) {
    if (!is_secret_name(name)) continue;
    const bool is_cookie = lower_case(name).find("cookie") != std::string::npos;
    is_cookie ? add_cookies(value, secrets) : add_words(value, secrets);
  }
  // One may be a part of another.
  sort_stably(secrets, [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return secrets;
}

void redact(std::string& text, std::string_view key) {
  if (key.empty()) return;
  if (key.size() < least_secret) {
    for (std::size_t at = text.find(key); at != text.npos; at = text.find(key, at + mark.size())) {
      text.replace(at, key.size(), mark);  // Not in the mark: keys of local servers are words.
    }
    return;
  }
  // Asked at the end of each call, and nearly always in vain: without a copy of anything.
  std::size_t at = 0;
  while (at < text.size() && end_of_secret(text, at, key) == at) ++at;
  if (at < text.size()) redact(text, std::vector<std::string>{std::string(key)});
}

void redact(std::string& text, const std::vector<std::string>& secrets) {
  redact_pieces({&text}, secrets);
}

void redact_pieces(const std::vector<std::string*>& pieces,
                   const std::vector<std::string>& secrets) {
  std::string whole;
  for (const std::string* piece : pieces) whole += *piece;
  const std::vector<Span> found = find_secrets(whole, secrets);
  if (found.empty()) return;
  auto next = found.begin();
  std::size_t at = 0;  // In `whole`.
  for (std::string* piece : pieces) {
    const std::size_t end = at + piece->size();
    piece->clear();
    while (at < end) {
      if (next != found.end() && at == next->begin) *piece += mark;
      const bool is_inside = next != found.end() && at >= next->begin;
      if (!is_inside) *piece += whole[at];
      ++at;
      if (next != found.end() && at == next->end) ++next;
    }
  }
}

bool is_secret_value(std::string_view value, const std::vector<std::string>& secrets) {
  if (value.find(' ') == value.rfind(' ')) value = last_word(value);  // `Bearer key`
  const auto is_it = [value](const auto& secret) { return secret == value; };
  return std::any_of(secrets.begin(), secrets.end(), is_it);
}

}  // namespace TALLY_ABI
}  // namespace tally
