// A mail server on a simulated network: speaks SMTP, keeps what it was told, and can be given
// answers of its own. Loop thread only; outlives the network's use of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/fakes/sim_net.h"

namespace fakes {

class MailPeer {
 public:
  struct Mail {
    std::string from;
    std::vector<std::string> to;
    std::string content;  // as it came over the line, without the last dot
  };

  // For SimNet::when("mail.example:25").then(...).
  Behaviour behaviour();

  // What follows "250-"; the last line as well.
  std::vector<std::string> offers = {"STARTTLS", "AUTH PLAIN LOGIN"};
  // Instead of the usual answer to lines that begin so: {"RCPT TO:<a@b>", "550 no"}.
  std::map<std::string, std::string> answers;

  const std::vector<Mail>& mails() const { return mails_; }
  // Every line it heard but the mails' own.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::string hear(std::string_view sent);
  std::string answer(const std::string& line);

  std::vector<Mail> mails_;
  std::vector<std::string> lines_;
  Mail mail_;
  bool in_data_ = false;
};

}  // namespace fakes
