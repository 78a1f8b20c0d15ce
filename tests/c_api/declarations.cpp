// SPDX-License-Identifier: MIT
#include "declarations.hpp"

#include <cctype>
#include <cstddef>
#include <vector>

namespace {

using Tokens = std::vector<std::string>;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
bool is_name(const std::string& token) { return is_word(token[0]) && !std::isdigit(token[0]); }

std::size_t end_of_literal(std::string_view text, std::size_t at) {
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote) at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

std::size_t end_of_directive(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] != '\n' || text[at - 1] == '\\')) ++at;
  return at;
}

/// Words and single characters; comments, directives and literals are left out.
Tokens tokens_of(std::string_view text) {
  Tokens tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (rest.substr(0, 2) == "//") {
      at = text.find('\n', at);
    } else if (rest.substr(0, 2) == "/*") {
      at = text.find("*/", at) + 2;
    } else if (rest[0] == '#') {
      at = end_of_directive(text, at);
    } else if (rest[0] == '"' || rest[0] == '\'') {
      at = end_of_literal(text, at);
    } else if (std::isspace(static_cast<unsigned char>(rest[0]))) {
      ++at;
    } else if (is_word(rest[0])) {
      std::size_t length = 0;
      // 10'000 is one number.
      while (length < rest.size() &&
             (is_word(rest[length]) || (rest[length] == '\'' && std::isdigit(rest[0])))) {
        ++length;
      }
      tokens.emplace_back(rest.substr(0, length));
      at += length;
    } else {
      tokens.emplace_back(rest.substr(0, 1));
      ++at;
    }
  }
  return tokens;
}

/// `template <...>` says nothing of what follows.
Tokens without_template(const Tokens& statement) {
  if (statement.empty() || statement[0] != "template") return statement;
  int depth = 0;
  for (std::size_t at = 1; at < statement.size(); ++at) {
    if (statement[at] == "<") ++depth;
    if (statement[at] == ">" && --depth == 0) {
      return without_template(
          {statement.begin() + static_cast<std::ptrdiff_t>(at) + 1, statement.end()});
    }
  }
  return {};
}

/// The name of the function that a statement declares; empty if it declares none. A parenthesis
/// inside angle brackets belongs to a type.
std::string declared_function(const Tokens& statement) {
  static const std::set<std::string> no_function = {"using", "typedef", "friend", "static_assert"};
  if (statement.empty() || no_function.count(statement[0])) return {};
  int angles = 0;
  for (std::size_t at = 0; at < statement.size(); ++at) {
    const std::string& token = statement[at];
    if (token == "operator" && angles == 0) {
      std::string name = token;
      while (++at < statement.size() && (statement[at] != "(" || name == "operator")) {
        name += (is_name(statement[at]) ? " " : "") + statement[at];
      }
      return name;
    }
    if (token == "=" && angles == 0) return {};
    if (token == "<") ++angles;
    if (token == ">") --angles;
    if (token == "(" && angles == 0 && at > 0 && is_name(statement[at - 1])) {
      return at > 1 && statement[at - 2] == "~" ? "~" : statement[at - 1];
    }
  }
  return {};
}

/// Reads scopes and statements; keeps to what clang-format and the style of this project leave
/// possible.
class Reader {
 public:
  explicit Reader(Tokens tokens) : tokens_(std::move(tokens)) {}

  std::set<std::string> functions() {
    while (at_ < tokens_.size()) step();
    return std::move(found_);
  }

 private:
  struct Scope {
    std::string prefix;
    bool is_class = false;
    bool is_public = true;
  };

  void step() {
    const std::string& token = tokens_[at_++];
    if (token == "(") ++parentheses_;
    if (token == ")") --parentheses_;
    if (token == "}" && parentheses_ == 0) {
      if (!scopes_.empty()) scopes_.pop_back();
      statement_.clear();
    } else if (token == "{") {
      open_brace();
    } else if (token == ";" && parentheses_ == 0) {
      end_statement();
    } else if (token == ":" && statement_.size() == 1 && is_access(statement_[0])) {
      scopes_.back().is_public = statement_[0] == "public";
      statement_.clear();
    } else {
      statement_.push_back(token);
    }
  }

  static bool is_access(const std::string& token) {
    return token == "public" || token == "protected" || token == "private";
  }

  void open_brace() {
    const Tokens head = without_template(statement_);
    const std::string first = head.empty() ? "" : head[0];
    if (parentheses_ > 0) {
      skip_braces();  // A default argument.
    } else if (first == "namespace" || first == "inline" || first == "extern") {
      if (first == "inline" && (head.size() < 2 || head[1] != "namespace")) {
        close_function(head);
        return;
      }
      scopes_.push_back({prefix(), false, true});
      statement_.clear();
    } else if (first == "class" || first == "struct") {
      open_class(head);
    } else if (first == "enum" || declared_function(head).empty()) {
      skip_braces();  // An initialiser; its statement goes on.
    } else {
      close_function(head);
    }
  }

  void close_function(const Tokens& head) {
    if (declared_function(head).empty()) {
      skip_braces();
      return;
    }
    note_function(head);
    skip_braces();
    statement_.clear();
  }

  void open_class(const Tokens& head) {
    std::string name;
    for (const std::string& token : head) {
      if (token == ":" || token == "<") break;
      if (is_name(token) && token != "final") name = token;
    }
    const bool visible = scopes_.empty() || scopes_.back().is_public;
    if (!visible) {
      skip_braces();
      return;
    }
    scopes_.push_back({prefix() + name + "::", true, head[0] == "struct"});
    statement_.clear();
  }

  void end_statement() {
    note_function(without_template(statement_));
    statement_.clear();
  }

  void note_function(const Tokens& statement) {
    const std::string name = declared_function(statement);
    if (name.empty() || name == "~") return;
    if (!scopes_.empty() && !scopes_.back().is_public) return;
    const std::size_t size = statement.size();
    if (statement[size - 1] == "default" || statement[size - 1] == "delete") return;
    found_.insert(prefix() + name);
  }

  void skip_braces() {
    for (int depth = 1; depth > 0 && at_ < tokens_.size(); ++at_) {
      if (tokens_[at_] == "{") ++depth;
      if (tokens_[at_] == "}") --depth;
    }
  }

  std::string prefix() const { return scopes_.empty() ? "" : scopes_.back().prefix; }

  Tokens tokens_;
  std::size_t at_ = 0;
  int parentheses_ = 0;
  Tokens statement_;
  std::vector<Scope> scopes_;
  std::set<std::string> found_;
};

}  // namespace

std::set<std::string> cpp_functions(std::string_view header) {
  return Reader(tokens_of(header)).functions();
}

std::set<std::string> c_functions(std::string_view header) {
  const Tokens tokens = tokens_of(header);
  std::set<std::string> names;
  for (std::size_t at = 0; at + 2 < tokens.size(); ++at) {
    if (tokens[at] == "TALLY_CALL" && is_name(tokens[at + 1]) && tokens[at + 2] == "(") {
      names.insert(tokens[at + 1]);
    }
  }
  return names;
}
