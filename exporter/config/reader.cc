// The strict reader. Errors carry the key, because a position alone does not help in a log line.
#include "exporter/config/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace exporter::config {
namespace {

// How many known keys an error lists when none is near the unknown one.
constexpr std::size_t kMaxListedKeys = 16;
// Beyond this many names a hint would cost more than it is worth.
constexpr std::size_t kMaxCompared = 2000;

std::string normalised(std::string_view name) {
  std::string text;
  for (char c : name) {
    if (c == '-' || c == '_' || c == ' ') continue;
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

// Edits (insert, delete, replace, swap neighbours) between two short names.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string_view kind_name(const Yaml& node) {
  switch (node.kind) {
    case Yaml::Kind::null:
      return "nothing";
    case Yaml::Kind::scalar:
      return "a single value";
    case Yaml::Kind::list:
      return "a list";
    case Yaml::Kind::map:
      return "a map";
  }
  return "something else";
}

Parsed<probes::Duration> in_range(std::string_view written, probes::Duration least,
                                  probes::Duration most) {
  auto duration = parse_duration(written);
  if (!duration || (*duration >= least && *duration <= most)) return duration;
  return std::unexpected(fmt::format("{} is out of range; it must be from {} to {}", written,
                                     format_duration(least), format_duration(most)));
}

}  // namespace

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names) {
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  if (wrong.size() > 64 || names.size() > kMaxCompared) return "";
  for (const std::string& name : names) {
    const std::size_t d = distance(normalised(wrong), normalised(name));
    if (best == nullptr || d < best_distance) {
      best = &name;
      best_distance = d;
    }
  }
  // The beginning of a long name is a hint of its own: fail_if_body_match.
  const auto longer = std::ranges::find_if(
      names, [&](const std::string& name) { return wrong.size() >= 5 && name.starts_with(wrong); });
  if (longer != names.end()) return fmt::format("; did you mean \"{}\"?", *longer);
  const std::size_t allowed = wrong.size() < 4 ? 1 : wrong.size() < 9 ? 2 : 3;
  if (best == nullptr || best_distance > allowed) return "";
  return fmt::format("; did you mean \"{}\"?", *best);
}

std::string join_names(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  if (names.size() == 1) return names.front();
  return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

MapReader::MapReader(Errors& errors, YamlPtr node, std::string what)
    : errors_(errors), node_(std::move(node)), what_(std::move(what)) {
  valid_ = node_->kind == Yaml::Kind::map || node_->kind == Yaml::Kind::null;
  if (!valid_) {
    errors_.add(*node_, fmt::format("{} must be a map of keys and values, but this is {}", what_,
                                    kind_name(*node_)));
  }
}

YamlPtr MapReader::find(std::string_view key) {
  if (!contains(known_, key)) known_.emplace_back(key);
  const YamlEntry* entry = node_->find(key);
  if (entry == nullptr || entry->value->kind == Yaml::Kind::null) return nullptr;
  return entry->value;
}

const Yaml& MapReader::place(std::string_view key) const {
  const YamlEntry* entry = node_->find(key);
  return entry == nullptr ? *node_ : *entry->key;
}

bool MapReader::with_text(std::string_view key,
                          const std::function<Parsed<void>(const Yaml&, std::string_view)>& take) {
  const YamlPtr node = find(key);
  if (!node) {
    // A key without a value is a slip, not a wish for the default.
    const YamlEntry* entry = node_->find(key);
    if (entry != nullptr) errors_.add(*entry->key, fmt::format("{}: the value is missing", key));
    return false;
  }
  const auto text = scalar_text(errors_, *node, key);
  if (!text) return false;
  if (auto taken = take(*node, *text); !taken) {
    errors_.add(*node, fmt::format("{}: {}", key, taken.error()));
    return false;
  }
  return true;
}

bool MapReader::text(std::string_view key, std::string& out) {
  return with_text(key, [&](const Yaml&, std::string_view written) -> Parsed<void> {
    out = written;
    return {};
  });
}

bool MapReader::boolean(std::string_view key, bool& out) {
  return with_text(key, [&](const Yaml& node, std::string_view written) -> Parsed<void> {
    if (node.quoted || (written != "true" && written != "false")) {
      return std::unexpected(fmt::format("\"{}\" is neither true nor false", written));
    }
    out = written == "true";
    return {};
  });
}

bool MapReader::integer(std::string_view key, std::int64_t least, std::int64_t most, int& out) {
  return with_text(key, [&](const Yaml&, std::string_view written) -> Parsed<void> {
    const auto number = parse_integer(written);
    if (!number) return std::unexpected(number.error());
    if (*number < least || *number > most) {
      return std::unexpected(
          fmt::format("{} is out of range; it must be from {} to {}", written, least, most));
    }
    out = static_cast<int>(*number);
    return {};
  });
}

bool MapReader::texts(std::string_view key, std::vector<std::string>& out) {
  const YamlPtr node = find(key);
  if (!node) return false;
  if (node->kind == Yaml::Kind::map) {
    errors_.add(*node, fmt::format("{} must be a list, but this is a map", key));
    return false;
  }
  std::vector<std::string> list;
  for (const YamlPtr& item : as_list(node)) {
    auto text = scalar_text(errors_, *item, key);
    if (!text) return false;
    list.push_back(std::move(*text));
  }
  out = std::move(list);
  return true;
}

bool MapReader::duration(std::string_view key, probes::Duration least, probes::Duration most,
                         probes::Duration& out) {
  return value(key, out, [&](std::string_view written) { return in_range(written, least, most); });
}

bool MapReader::seconds(std::string_view key, std::chrono::seconds least, std::chrono::seconds most,
                        std::chrono::seconds& out) {
  return value(key, out, [&](std::string_view written) -> Parsed<std::chrono::seconds> {
    const auto duration = in_range(written, least, most);
    if (!duration) return std::unexpected(duration.error());
    const auto whole = std::chrono::floor<std::chrono::seconds>(*duration);
    if (whole == *duration) return whole;
    return std::unexpected(fmt::format("{} is not a whole number of seconds", written));
  });
}

void MapReader::refuse(std::string_view key, std::string_view why) {
  const YamlEntry* entry = node_->find(key);
  if (entry == nullptr) return;
  refused_.emplace_back(key);
  errors_.add(*entry->key, fmt::format("{}: {}", key, why));
}

void MapReader::error(std::string_view key, std::string message) {
  const YamlEntry* entry = node_->find(key);
  errors_.add(entry == nullptr ? *node_ : *entry->value, fmt::format("{}: {}", key, message));
}

void MapReader::finish(UserKeys user_keys) {
  for (const YamlEntry& entry : node_->entries) {
    const std::string& key = entry.key->text;
    if (contains(known_, key) || contains(refused_, key)) continue;
    if (user_keys == UserKeys::ignored && key.starts_with("x-")) continue;
    // Errors that will only be counted need no hint.
    std::string hint = errors_.full() ? " " : did_you_mean(key, known_);
    if (hint.empty() && known_.size() <= kMaxListedKeys) {
      std::vector<std::string> sorted = known_;
      std::ranges::sort(sorted);
      hint = fmt::format("; known keys are {}", join_names(sorted));
    }
    errors_.add(*entry.key, fmt::format("unknown key \"{}\" in {}{}", key, what_, hint));
  }
}

std::optional<std::string> scalar_text(Errors& errors, const Yaml& node, std::string_view what) {
  if (node.kind == Yaml::Kind::scalar) return node.text;
  errors.add(node, fmt::format("{} must be a single value, but this is {}", what, kind_name(node)));
  return std::nullopt;
}

std::vector<YamlPtr> as_list(const YamlPtr& node) {
  if (node->kind == Yaml::Kind::list) return node->items;
  if (node->kind == Yaml::Kind::null) return {};
  return {node};
}

}  // namespace exporter::config
