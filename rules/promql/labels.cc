// Label sets share their content: a set is made once and then only read, so copies are a pointer
// and the hash is paid for once.
#include "rules/promql/labels.h"

#include <algorithm>

#include "rules/promql/quote.h"

namespace rules {

struct Labels::Content {
  std::vector<Pair> pairs;  // sorted by name, no empty values
  std::uint64_t hash = 0;
};

namespace {

// FNV-1a over the bytes; names and values are ended by a byte that no UTF-8 text contains.
std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * kPrime;
  return (hash ^ 0xff) * kPrime;
}

std::uint64_t hash_of(const std::vector<Labels::Pair>& pairs) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto& [name, value] : pairs) hash = mix(mix(hash, name), value);
  return hash;
}

bool before(const Labels::Pair& pair, std::string_view name) { return pair.first < name; }

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::binary_search(names, name);
}

// Sorts by name and keeps the last of equal names.
std::vector<Labels::Pair> normal(std::vector<Labels::Pair> pairs) {
  std::vector<Labels::Pair> kept;
  kept.reserve(pairs.size());
  for (Labels::Pair& pair : pairs) {
    // Nearly always in order already, so that this appends.
    auto place = kept.end();
    if (!kept.empty() && kept.back().first >= pair.first)
      place = std::ranges::lower_bound(kept, pair.first, {}, &Labels::Pair::first);
    if (place != kept.end() && place->first == pair.first) {
      place->second = std::move(pair.second);
    } else {
      kept.insert(place, std::move(pair));
    }
  }
  std::erase_if(kept, [](const Labels::Pair& pair) { return pair.second.empty(); });
  return kept;
}

void append_pairs(std::string& out, std::span<const Labels::Pair> pairs, bool with_name) {
  bool first = true;
  for (const auto& [name, value] : pairs) {
    if (!with_name && name == kMetricName) continue;
    if (!first) out += ", ";
    first = false;
    out += is_label_name(name) ? name : quote(name);
    out += '=';
    out += quote(value);
  }
}

}  // namespace

Labels::Labels() : Labels(std::vector<Pair>{}) {}

Labels::Labels(std::initializer_list<Pair> pairs) : Labels(std::vector<Pair>(pairs)) {}

Labels::Labels(std::vector<Pair> pairs) {
  static const auto kEmpty = std::make_shared<const Content>(Content{{}, hash_of({})});
  std::vector<Pair> kept = normal(std::move(pairs));
  if (kept.empty()) {
    content_ = kEmpty;
    return;
  }
  const std::uint64_t hash = hash_of(kept);
  content_ = std::make_shared<const Content>(Content{std::move(kept), hash});
}

std::string_view Labels::get(std::string_view name) const {
  const auto& pairs = content_->pairs;
  const auto found = std::lower_bound(pairs.begin(), pairs.end(), name, before);
  return found != pairs.end() && found->first == name ? std::string_view(found->second) : "";
}

std::span<const Labels::Pair> Labels::pairs() const { return content_->pairs; }

Labels Labels::without(std::string_view name) const {
  if (!has(name)) return *this;
  std::vector<Pair> pairs = content_->pairs;
  std::erase_if(pairs, [&](const Pair& pair) { return pair.first == name; });
  return Labels(std::move(pairs));
}

Labels Labels::with(std::string_view name, std::string_view value) const {
  if (get(name) == value) return *this;
  std::vector<Pair> pairs = content_->pairs;
  pairs.emplace_back(name, value);
  return Labels(std::move(pairs));
}

Labels Labels::keep(std::span<const std::string> names) const {
  std::vector<Pair> pairs;
  for (const Pair& pair : content_->pairs)
    if (contains(names, pair.first)) pairs.push_back(pair);
  return pairs.size() == size() ? *this : Labels(std::move(pairs));
}

Labels Labels::drop(std::span<const std::string> names) const {
  std::vector<Pair> pairs;
  for (const Pair& pair : content_->pairs)
    if (!contains(names, pair.first)) pairs.push_back(pair);
  return pairs.size() == size() ? *this : Labels(std::move(pairs));
}

std::uint64_t Labels::hash() const { return content_->hash; }

bool Labels::operator==(const Labels& other) const {
  if (content_ == other.content_) return true;
  return content_->hash == other.content_->hash && content_->pairs == other.content_->pairs;
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  if (content_ == other.content_) return std::strong_ordering::equal;
  return content_->pairs <=> other.content_->pairs;
}

std::string Labels::text() const {
  const std::string_view name = get(kMetricName);
  const bool in_front = !name.empty() && is_metric_name(name);
  std::string out(in_front ? name : "");
  if (in_front && size() == 1) return out;
  out += '{';
  append_pairs(out, pairs(), !in_front);
  return out + '}';
}

}  // namespace rules
