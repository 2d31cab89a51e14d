// Sends a mail by SMTP (RFC 5321): EHLO, STARTTLS or TLS from the first byte, AUTH PLAIN or LOGIN,
// the envelope, the text. It is here and not with those who have something to say, because it knows
// a protocol and no policy: what is in the mail, when to try again and whom to tell is the
// caller's. A password never goes over the line in the clear. Loop thread only; the Net outlives
// the task.
#pragma once

#include <string>
#include <vector>

#include "probes/probe.h"

namespace probes {

struct MailServer {
  enum class Security { starttls, tls, none };
  std::string target;  // host:port
  Security security = Security::starttls;
  TlsOptions tls;
  std::string hello;  // our name in EHLO
  std::string user;   // empty: no AUTH
  Secret password;
};

struct Mail {
  std::string from;  // addresses of the envelope, without angle brackets
  std::vector<std::string> to;
  std::string content;  // header and body, ASCII; line ends are \n or \r\n
};

// The server took the mail for those it did not refuse.
struct MailTaken {
  std::vector<std::string> refused;  // "address: reply"
};

// An error when nobody is going to get it.
Task<Result<MailTaken>> send_mail(Net& net, MailServer server, Mail mail, TimePoint deadline);

// The content as it goes over the line: every line ends with CRLF, a dot that begins one is
// doubled, and the line with the single dot ends it all.
std::string dot_stuffed(std::string_view content);

}  // namespace probes
