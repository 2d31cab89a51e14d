// Passwords of the web configuration file: bcrypt hashes, compared by libcrypt, and the results of
// recent comparisons, because a comparison costs tens of milliseconds by design.
#pragma once

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace exporter {

// "$2y$10$" and 53 characters; also 2a and 2b. Costs 4 to 31.
bool is_bcrypt_hash(std::string_view text);

// Takes as long as the hash's cost says. Any thread.
bool bcrypt_matches(const std::string& password, const std::string& hash);

// A hash that no password has, at the same cost: comparing with it makes an unknown user cost what
// a known one costs.
std::string decoy_hash(std::string_view like);

// "Basic dXNlcjpwYXNz" into user and password; nothing when it is something else.
struct Credentials {
  std::string user, password;
};
std::optional<Credentials> parse_basic_auth(std::string_view authorization);

// Results of comparisons by user, hash and password. Keeps digests, never a password. At the limit
// a random entry goes, so that nobody can aim at another's. One thread.
class PasswordCache {
 public:
  static constexpr std::size_t kEntries = 100;

  static std::string key(const Credentials& credentials, const std::string& hash);
  std::optional<bool> find(const std::string& key) const;
  void insert(const std::string& key, bool matches);
  std::size_t size() const { return results_.size(); }

 private:
  std::unordered_map<std::string, bool> results_;
  std::vector<std::string> keys_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace exporter
