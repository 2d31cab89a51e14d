// What certificates say, in the words the blackbox exporter uses for its labels, and why one was
// refused, in words for people. Pure functions over OpenSSL's objects.
#pragma once

#include <openssl/x509.h>

#include <string>

#include "probes/net/net.h"

namespace probes {

// The facts of the chain as the peer sent it (leaf first) into `info`: the earliest expiry, and of
// the leaf its fingerprint, names and serial number.
void describe_chain(STACK_OF(X509) * chain, TlsInfo& info);

// The earliest expiry of these certificates.
std::optional<WallTime> earliest_expiry(STACK_OF(X509) * chain);

// As Go's pkix.Name prints a distinguished name: "CN=www.example.com,O=Example,C=CH".
std::string name_text(const X509_NAME* name);

// The sentence for the error that a verification ended with. `expected` is the name that was asked
// for.
std::string refusal_text(X509_STORE_CTX* verification, const std::string& expected);

}  // namespace probes
