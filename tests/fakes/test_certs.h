// Certificates for tests, made on the spot: a CA and leaves with any names and any lifetime, so
// that expired, not yet valid, wrongly named and untrusted ones need no files in the tree. Keys are
// P-256 and cost well under a millisecond. Any thread; failures of OpenSSL throw
// std::runtime_error.
#pragma once

#include <string>
#include <vector>

#include "probes/outcome.h"

namespace fakes {

struct TestCert {
  std::string cert_pem, key_pem;
};

// Who signs, in PEM. The chain a server sends is `cert_pem` alone: the CA is the root.
class TestCa {
 public:
  explicit TestCa(std::string common_name = "SLA Test CA");
  // `names` become subject alternative names, addresses as such; the first is also the common name.
  // The second form is valid from yesterday for 90 days.
  TestCert issue(std::vector<std::string> names, probes::WallTime not_before,
                 probes::WallTime not_after) const;
  TestCert issue(std::vector<std::string> names) const;
  const std::string& ca_pem() const { return ca_.cert_pem; }

 private:
  TestCert ca_;
};

// Signed by its own key, valid from yesterday for 90 days.
TestCert self_signed(std::vector<std::string> names);

// The real calendar, rounded to seconds as certificates are.
probes::WallTime certificate_now();

// A file that lives as long as this object, for options that name files.
class TempFile {
 public:
  explicit TempFile(const std::string& content);
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace fakes
