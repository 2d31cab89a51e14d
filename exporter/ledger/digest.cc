// OpenSSL looks an algorithm up by name on every one-shot call, which costs more than hashing a
// short row does; here it is looked up once.
#include "exporter/ledger/digest.h"

#include <openssl/evp.h>

#include <cassert>
#include <memory>

namespace exporter::ledger {

std::string digest(std::initializer_list<std::string_view> parts) {
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool ok = EVP_DigestInit_ex2(context.get(), kSha256, nullptr) == 1;
  for (const std::string_view part : parts) {
    ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  std::string result(kDigestBytes, '\0');
  ok = ok && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(result.data()),
                                nullptr) == 1;
  assert(ok && "SHA-256 is part of every OpenSSL");
  return result;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string no_digest() { return std::string(kDigestBytes, '\0'); }

}  // namespace exporter::ledger
