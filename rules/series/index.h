// Which series have which labels: for each label and value the ids of the series that carry it, in
// order. The owner keeps writers and readers apart.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rules/series/matching.h"

namespace rules::series {

using Matchings = std::vector<std::shared_ptr<const Matching>>;

class Index {
 public:
  void add(std::uint32_t id, const Labels& labels);
  void remove(std::uint32_t id, const Labels& labels);

  // Ids that may pass all tests, in order: those of the narrowest test that names its values. False
  // when every series must be looked at.
  bool candidates(const Matchings& tests, std::vector<std::uint32_t>& ids) const;

 private:
  using Ids = std::vector<std::uint32_t>;
  using Values = std::map<std::string, Ids, std::less<>>;

  bool lists(const Matching& test, std::vector<const Ids*>& found) const;

  std::map<std::string, Values, std::less<>> names_;
};

// Judges many series by the same tests, remembering what regular expressions said of a value.
class Filter {
 public:
  explicit Filter(const Matchings& tests);
  bool passes(const Labels& labels);

 private:
  struct One {
    const Matching* test;
    std::map<std::string, bool, std::less<>> known;
  };
  std::vector<One> tests_;
};

}  // namespace rules::series
