// A label set as Prometheus knows it: names and values, sorted by name, without empty values. The
// metric name is the label "__name__". An immutable value; copies share their content, so passing
// label sets through an evaluation costs no copy of their texts. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rules {

inline constexpr std::string_view kMetricName = "__name__";

class Labels {
 public:
  using Pair = std::pair<std::string, std::string>;

  Labels();  // the empty set
  Labels(std::initializer_list<Pair> pairs);
  // Sorts; the last of equal names wins; empty values are dropped.
  explicit Labels(std::vector<Pair> pairs);

  // The value, or an empty text when there is no such label.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const { return !get(name).empty(); }
  std::span<const Pair> pairs() const;
  bool empty() const { return pairs().empty(); }
  std::size_t size() const { return pairs().size(); }

  Labels without(std::string_view name) const;
  Labels with(std::string_view name, std::string_view value) const;
  // Only these names, or all but these. `names` sorted.
  Labels keep(std::span<const std::string> names) const;
  Labels drop(std::span<const std::string> names) const;

  // Equal sets have equal hashes; stable within a process only. Computed once.
  std::uint64_t hash() const;
  bool operator==(const Labels& other) const;
  // By name and value, pair for pair, as Prometheus sorts series.
  std::strong_ordering operator<=>(const Labels& other) const;

  // {a="b", c="d"} with the metric name in front: name{a="b"}. Values quoted as Prometheus does.
  std::string text() const;

 private:
  struct Content;
  std::shared_ptr<const Content> content_;
};

}  // namespace rules
