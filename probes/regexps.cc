#include "probes/regexps.h"

#include <re2/re2.h>

#include <map>
#include <mutex>

namespace probes {
namespace {

// Reloads and /probe bring new patterns for ever; then the old ones are compiled again when asked.
constexpr std::size_t kMaxPatterns = 4096;

struct Cache {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const re2::RE2>, std::less<>> patterns;
};

// The one state that probes share. It cannot change a result, only what it costs.
Cache& cache() {
  static Cache instance;
  return instance;
}

}  // namespace

std::shared_ptr<const re2::RE2> compiled(const std::string& pattern) {
  Cache& shared = cache();
  {
    const std::scoped_lock lock(shared.mutex);
    const auto known = shared.patterns.find(pattern);
    if (known != shared.patterns.end()) return known->second;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto made = std::make_shared<const re2::RE2>(pattern, options);
  const std::scoped_lock lock(shared.mutex);
  if (shared.patterns.size() >= kMaxPatterns) shared.patterns.clear();
  shared.patterns[pattern] = made;
  return made;
}

bool matches(const std::string& pattern, std::string_view text) {
  const auto regexp = compiled(pattern);
  return regexp->ok() &&
         re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regexp);
}

}  // namespace probes
