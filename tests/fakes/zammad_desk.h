// A Zammad for tests: it keeps users, tickets, articles and the history as the real one does, in
// the order in which it writes them, and answers the requests of its API in the real one's shapes,
// on a SimNet. Faults come from a seed: limits, errors, half answers, rows that come twice.
//
//   ZammadDesk desk(net, "https://zammad.example.com");
//   const auto ann = desk.add_agent("ann@example.com");
//   const auto nicole = desk.add_customer("nicole@example.com");
//   const auto ticket = desk.open_by_mail(at, nicole, "Support");
//   desk.reply(ticket, at + 1h, ann);
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/sla/terms.h"
#include "tests/fakes/sim_net.h"

namespace fakes {

class ZammadDesk {
 public:
  using Seconds = exporter::Seconds;
  using Id = std::int64_t;
  static constexpr Id kSystem = 1;

  struct Post {
    std::string sender = "Agent", type = "email";
    bool internal = false, automatic = false;
    std::string body = "text";
    std::string subject{}, from{}, to{};
  };
  struct Faults {
    std::uint64_t seed = 0;
    unsigned of_hundred = 0;  // requests that go wrong
  };

  ZammadDesk(SimNet& net, std::string url);
  ~ZammadDesk();

  Id add_agent(const std::string& email);
  Id add_customer(const std::string& email);

  Id open(Seconds at, Id by, Id customer, const std::string& group, Post first,
          const std::map<std::string, std::string>& attributes = {});
  Id open_by_mail(Seconds at, Id customer, const std::string& group);
  Id post(Id ticket, Seconds at, Id by, const Post& post);
  void reply(Id ticket, Seconds at, Id agent) { post(ticket, at, agent, {}); }
  void note(Id ticket, Seconds at, Id agent, const std::string& body = "text");
  void customer_mail(Id ticket, Seconds at, Id customer, bool automatic = false);
  void number_mail(Id ticket, Seconds at);
  void change(Id ticket, Seconds at, Id by, const std::string& attribute, const std::string& to);
  void tag(Id ticket, Seconds at, Id by, const std::string& tag, bool added = true);
  void merge(Id ticket, Id into, Seconds at, Id by);
  void destroy(Id ticket);
  // As an import leaves it: articles that the history does not tell of.
  void forget_history(Id ticket);
  // What the ticket was changed last at, whatever happened when.
  void set_updated(Id ticket, Seconds at);

  void set_faults(Faults faults);
  // This path is answered so, always.
  void answer(const std::string& path, int status, std::string body);
  void heal(const std::string& path);
  // Before each request is answered; may change the desk.
  std::function<void(const std::string& path)> before_request;

  std::uint64_t requests(const std::string& path_prefix) const;
  const std::string& last_request() const;
  const std::vector<probes::HttpHeader>& last_headers() const;
  int largest_page() const;  // per_page of a search

 private:
  struct Desk;
  std::unique_ptr<Desk> desk_;
};

}  // namespace fakes
