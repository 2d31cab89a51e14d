// Reads one map of the configuration strictly: typed getters that leave their target alone when a
// key is absent and record an error with its place when the value is wrong, and finish(), which
// refuses every key that nobody asked for. Lives on the stack while a section is read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/values.h"
#include "exporter/config/yaml.h"

namespace exporter::config {

class MapReader {
 public:
  // `what` names the map in errors: `service "api"`. Records an error unless `node` is a map;
  // nothing at all counts as an empty one, so that a section may be commented out line by line.
  MapReader(Errors& errors, YamlPtr node, std::string what);
  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;

  // The value of `key`, or null when it is absent or empty. Asking makes the key known.
  YamlPtr find(std::string_view key);
  // The key itself, for errors about it; the map when it is absent.
  const Yaml& place(std::string_view key) const;
  bool has(std::string_view key) { return find(key) != nullptr; }

  // Each of these returns true when the key was present and right.
  bool text(std::string_view key, std::string& out);
  bool boolean(std::string_view key, bool& out);
  bool integer(std::string_view key, std::int64_t least, std::int64_t most, int& out);
  bool texts(std::string_view key, std::vector<std::string>& out);  // one text or a list of them
  // A value that `parse` (text -> Parsed<T>) understands.
  template <class T>
  bool value(std::string_view key, T& out,
             std::type_identity_t<std::function<Parsed<T>(std::string_view)>> parse) {
    return with_text(key, [&](const Yaml&, std::string_view written) -> Parsed<void> {
      auto parsed = parse(written);
      if (!parsed) return std::unexpected(parsed.error());
      out = std::move(*parsed);
      return {};
    });
  }
  bool duration(std::string_view key, probes::Duration least, probes::Duration most,
                probes::Duration& out);
  bool seconds(std::string_view key, std::chrono::seconds least, std::chrono::seconds most,
               std::chrono::seconds& out);  // a duration of whole seconds

  // A key that is refused whatever its value, with the remedy.
  void refuse(std::string_view key, std::string_view why);
  void error(std::string_view key, std::string message);  // at the key's value

  // Reports unknown keys. Keys beginning with x- are the user's own, but in a format that is not
  // ours.
  enum class UserKeys { ignored, refused };
  void finish(UserKeys user_keys = UserKeys::ignored);

  Errors& errors() { return errors_; }
  const std::string& what() const { return what_; }
  const Yaml& node() const { return *node_; }
  bool valid() const { return valid_; }  // it was a map, or nothing

 private:
  bool with_text(std::string_view key,
                 const std::function<Parsed<void>(const Yaml&, std::string_view)>& take);

  Errors& errors_;
  YamlPtr node_;
  std::string what_;
  bool valid_ = true;
  std::vector<std::string> known_;
  std::vector<std::string> refused_;  // reported already, and no suggestion for a hint
};

// The text of a scalar; records an error and gives nothing for anything else.
std::optional<std::string> scalar_text(Errors& errors, const Yaml& node, std::string_view what);

// The items of a list; a single scalar or map counts as a list of one, so that brackets may be left
// out.
std::vector<YamlPtr> as_list(const YamlPtr& node);

// `; did you mean "objective"?`, or nothing when no name is near.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names);

// "a, b and c".
std::string join_names(const std::vector<std::string>& names);

}  // namespace exporter::config
