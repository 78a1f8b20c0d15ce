// SPDX-License-Identifier: MIT
#include "tally/models.hpp"

#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace tally {
inline namespace TALLY_ABI {
namespace {

Error bad(std::string_view why) {
  return Error{ErrorKind::malformed_reply,
               "the server's list of models cannot be read: " + std::string(why)};
}

}  // namespace

Result<std::vector<ServedModel>> parse_models(std::string_view json) {
  const std::string text = replace_invalid_utf8(json);  // So that places in it are places.
  const auto parsed = parse_json(text);
  if (!parsed) return bad(parsed.error().message);
  const JsonValue& root = parsed->root();
  // Together sends the list itself.
  const JsonValue* list = root.is_array() ? &root : root.find("data");
  if (list == nullptr || !list->is_array()) return bad("it has no data");

  std::vector<ServedModel> models;
  for (const JsonValue& entry : list->children()) {
    const std::string_view* id = entry.find_string("id");
    if (id == nullptr) return bad("an entry has no id");
    const std::string_view* owner = entry.find_string("owned_by");
    models.push_back({std::string(*id), std::string(owner != nullptr ? *owner : std::string_view()),
                      text.substr(entry.begin, entry.end - entry.begin)});
  }
  return models;
}

}  // namespace TALLY_ABI
}  // namespace tally
