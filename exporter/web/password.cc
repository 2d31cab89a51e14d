// crypt_r() needs a work area of some 32 kB, which lives on the heap for one comparison.
#include "exporter/web/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "exporter/web/accept.h"

namespace exporter {
namespace {

constexpr std::size_t kHashLength = 60, kSettingLength = 29;  // "$2b$10$" and 22 characters of salt

bool is_bcrypt_char(char c) {
  return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z');
}

int base64_digit(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// RFC 4648, section 4; padding may be left out.
std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  if (text.size() % 4 == 1) return std::nullopt;
  return out;
}

}  // namespace

bool is_bcrypt_hash(std::string_view text) {
  if (text.size() != kHashLength || !text.starts_with("$2") || text[3] != '$' || text[6] != '$') {
    return false;
  }
  if (text[2] != 'a' && text[2] != 'b' && text[2] != 'y') return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!digit(text[4]) || !digit(text[5])) return false;
  const int cost = (text[4] - '0') * 10 + (text[5] - '0');
  return cost >= 4 && cost <= 31 && std::ranges::all_of(text.substr(7), is_bcrypt_char);
}

bool bcrypt_matches(const std::string& password, const std::string& hash) {
  const auto work = std::make_unique<crypt_data>();
  const char* made = ::crypt_r(password.c_str(), hash.c_str(), work.get());
  // crypt_r() stops at a NUL, so "right\0wrong" must not pass for "right".
  const bool whole = password.find('\0') == std::string::npos;
  if (made == nullptr || !whole) return false;
  const std::string_view result(made);
  return result.size() == hash.size() &&
         CRYPTO_memcmp(result.data(), hash.data(), hash.size()) == 0;
}

std::string decoy_hash(std::string_view like) {
  std::string hash(is_bcrypt_hash(like) ? like.substr(0, 7) : "$2b$10$");
  hash.append(kSettingLength - hash.size(), '.');
  hash.append(kHashLength - hash.size(), '.');  // a result of all zeros is nobody's
  return hash;
}

std::optional<Credentials> parse_basic_auth(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (authorization.size() < kScheme.size() ||
      !equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  const auto text = decode_base64(authorization);
  if (!text) return std::nullopt;
  const auto colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

std::string PasswordCache::key(const Credentials& credentials, const std::string& hash) {
  // A user's name holds no colon (RFC 7617) and a hash no NUL, so the parts cannot run together.
  const std::string text =
      credentials.user + ":" + hash + std::string(1, '\0') + credentials.password;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::optional<bool> PasswordCache::find(const std::string& key) const {
  const auto found = results_.find(key);
  return found == results_.end() ? std::nullopt : std::optional(found->second);
}

void PasswordCache::insert(const std::string& key, bool matches) {
  if (!results_.emplace(key, matches).second) return;
  keys_.push_back(key);
  if (keys_.size() <= kEntries) return;
  std::uniform_int_distribution<std::size_t> pick(0, keys_.size() - 2);  // not the new one
  std::string& victim = keys_[pick(random_)];
  results_.erase(victim);
  victim = std::move(keys_.back());
  keys_.pop_back();
}

}  // namespace exporter
