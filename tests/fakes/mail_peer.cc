#include "tests/fakes/mail_peer.h"

namespace fakes {

Behaviour MailPeer::behaviour() {
  return speaks("220 mail.example ESMTP\r\n", [this](std::string_view sent) { return hear(sent); });
}

// Our client writes a line, or a whole mail, at a time.
std::string MailPeer::hear(std::string_view sent) {
  if (!in_data_) {
    const std::string line(sent.substr(0, sent.find('\r')));
    lines_.push_back(line);
    return answer(line) + "\r\n";
  }
  in_data_ = false;
  if (!sent.ends_with("\r\n.\r\n")) return "554 the mail does not end\r\n";
  mail_.content = sent.substr(0, sent.size() - 3);
  for (const auto& [begin, text] : answers) {
    if (begin == ".") return text + "\r\n";
  }
  mails_.push_back(mail_);
  return "250 taken\r\n";
}

std::string MailPeer::answer(const std::string& line) {
  const auto argument = [&] {
    return line.substr(line.find('<') + 1, line.rfind('>') - line.find('<') - 1);
  };
  for (const auto& [begin, text] : answers) {
    if (line.starts_with(begin)) return text;
  }
  if (line.starts_with("EHLO ")) {
    std::string reply = "250-mail.example";
    for (std::size_t i = 0; i < offers.size(); ++i) {
      reply += (i + 1 == offers.size() ? "\r\n250 " : "\r\n250-") + offers[i];
    }
    return offers.empty() ? "250 mail.example" : reply;
  }
  if (line == "STARTTLS") return "220 go on";
  if (line.starts_with("AUTH PLAIN ")) return "235 welcome";
  if (line == "AUTH LOGIN") return "334 VXNlcm5hbWU6";
  if (line.starts_with("MAIL FROM:")) {
    mail_ = {.from = argument(), .to = {}, .content = {}};
    return "250 ok";
  }
  if (line.starts_with("RCPT TO:")) {
    mail_.to.push_back(argument());
    return "250 ok";
  }
  if (line == "DATA") {
    in_data_ = true;
    return "354 go on";
  }
  if (line == "QUIT") return "221 bye";
  return "500 what?";
}

}  // namespace fakes
