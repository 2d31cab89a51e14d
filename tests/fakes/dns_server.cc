#include "tests/fakes/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "probes/net/socket.h"

namespace fakes {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr int kTypeA = 1, kTypeAaaa = 28;

struct Question {
  std::string name;
  int type = 0;
  std::size_t end = 0;  // where the question section ends
};

Question read_question(std::string_view message) {
  Question question;
  std::size_t at = kHeaderBytes;
  while (at < message.size() && message[at] != 0) {
    const auto size = static_cast<std::size_t>(message[at]);
    if (!question.name.empty()) question.name += '.';
    question.name += message.substr(at + 1, size);
    at += size + 1;
  }
  if (at + 4 < message.size()) question.type = static_cast<unsigned char>(message[at + 2]);
  question.end = at + 5;
  return question;
}

void append_record(std::string& message, const probes::Address& address) {
  const auto octets = address.octets();
  const char type = octets.size() == 4 ? kTypeA : kTypeAaaa;
  // A pointer to the name of the question, type, class IN, a TTL of a minute, and the data.
  message += std::string("\xc0\x0c\0", 3) + type + std::string("\0\1\0\0\0\x3c\0", 7);
  message += static_cast<char>(octets.size());
  message.append(octets.begin(), octets.end());
}

}  // namespace

DnsServer::DnsServer(Handler handler, DnsAnswer other)
    : handler_(std::move(handler)), other_(std::move(other)) {
  fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto address = *probes::Address::parse("127.0.0.1");
  const auto to = probes::to_socket_address({address, 0});
  if (fd_ < 0 || bind(fd_, to.get(), to.size) != 0) throw std::runtime_error("no DNS server");
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
  endpoint_ = {address, ntohs(bound.sin_port)};
  thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
  stopping_ = true;
  // A datagram to itself ends the wait.
  const int waker = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto to = probes::to_socket_address(endpoint_);
  sendto(waker, "", 0, 0, to.get(), to.size);
  close(waker);
  thread_.join();
  close(fd_);
}

void DnsServer::serve() {
  while (!stopping_) {
    char bytes[2048];
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const auto got =
        recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < static_cast<long>(kHeaderBytes)) continue;
    const std::string_view message(bytes, static_cast<std::size_t>(got));
    const Question question = read_question(message);
    ++questions_;
    const bool for_address = question.type == kTypeA || question.type == kTypeAaaa;
    const DnsAnswer answer = for_address ? handler_(question.name) : other_;
    if (answer.silent) continue;
    const std::string reply = answer_to(message.substr(0, question.end), answer, question.type);
    sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

std::string DnsServer::answer_to(std::string_view question, const DnsAnswer& answer,
                                 int type) const {
  std::string reply(question);
  char count = 0;
  for (const std::string& text : answer.addresses) {
    const auto address = *probes::Address::parse(text);
    const bool asked = (address.family == probes::Family::ip4) == (type == kTypeA);
    if (!asked) continue;
    append_record(reply, address);
    ++count;
  }
  reply[2] = static_cast<char>(0x81);  // an answer, recursion desired
  reply[3] = static_cast<char>(0x80 | answer.rcode);
  reply[6] = 0;
  reply[7] = count;
  for (int i = 8; i < 12; ++i) reply[i] = 0;
  return reply;
}

}  // namespace fakes
