#include "tests/fakes/zammad_desk.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "exporter/web/request.h"

namespace fakes {
namespace {

using nlohmann::json;
using Id = ZammadDesk::Id;
using Seconds = ZammadDesk::Seconds;

// Later records of a second have later milliseconds, as long as there are less than a thousand.
std::string instant(Seconds at, Id id) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(at.time_since_epoch().count()),
                     id % 1000);
}

bool is_list(const std::string& path) {
  return path.find("/search") != std::string::npos || path.find("/by_ticket/") != std::string::npos;
}

}  // namespace

struct ZammadDesk::Desk {
  struct User {
    Id id;
    std::string email;
    bool agent;
  };
  struct Ticket {
    json row;
    std::string updated;
    std::vector<json> history;
    bool destroyed = false;
  };
  struct Fixed {
    int status;
    std::string body;
  };

  explicit Desk(SimNet& network) : net(network) {}

  SimNet& net;
  std::string url;
  std::map<Id, User> users;
  std::map<Id, Ticket> tickets;
  std::map<Id, json> articles;
  Id last_user = 1, last_ticket = 0, last_article = 100, last_entry = 1000;
  std::map<std::string, Fixed> fixed;
  std::map<std::string, std::uint64_t> asked;
  std::string last_path;
  std::vector<probes::HttpHeader> last_headers;
  int largest_page = 0;
  Faults faults;
  std::mt19937_64 random;

  void touch(Id ticket, Seconds at) {
    tickets.at(ticket).updated = instant(at, last_entry);
    tickets.at(ticket).row["updated_at"] = tickets.at(ticket).updated;
  }

  json& tell(Id ticket, Seconds at, Id by, const std::string& type, const std::string& object,
             Id object_id) {
    const Id id = ++last_entry;
    tickets.at(ticket).history.push_back({{"id", id},
                                          {"o_id", object_id},
                                          {"created_by_id", by},
                                          {"created_at", instant(at, id)},
                                          {"object", object},
                                          {"type", type}});
    touch(ticket, at);
    return tickets.at(ticket).history.back();
  }

  Id add_user(const std::string& email, bool agent) {
    users[++last_user] = {last_user, email, agent};
    return last_user;
  }

  json assets() const {
    json people = json::object();
    for (const auto& [id, user] : users) {
      people[std::to_string(id)] = {{"id", id},
                                    {"login", user.email},
                                    {"email", user.email},
                                    {"role_ids", json::array({user.agent ? 2 : 3})}};
    }
    const json roles = {{"2", {{"id", 2}, {"name", "Agent"}}},
                        {"3", {{"id", 3}, {"name", "Customer"}}}};
    return {{"User", std::move(people)}, {"Role", roles}};
  }

  // The list that a search finds.
  json search(const std::multimap<std::string, std::string>& query) {
    const auto value = [&](const std::string& key) {
      const auto found = query.find(key);
      return found == query.end() ? std::string() : found->second;
    };
    const std::string after = value("condition[ticket.updated_at][value]");
    const int per_page = std::min(std::stoi(value("per_page")), 200);
    largest_page = std::max(largest_page, std::stoi(value("per_page")));
    const bool understood = value("condition[ticket.updated_at][operator]") == "after (absolute)" &&
                            value("sort_by") == "updated_at" && value("order_by") == "asc" &&
                            value("expand") == "true";
    if (!understood) return {{"error", "this test desk answers one search only"}};
    std::vector<const Ticket*> found;
    for (const auto& [id, ticket] : tickets) {
      const bool newer = ticket.updated.substr(0, 19) >= after.substr(0, 19);
      if (!ticket.destroyed && newer) found.push_back(&ticket);
    }
    std::ranges::sort(found, {}, [](const Ticket* ticket) { return ticket->updated; });
    json rows = json::array();
    const auto first = static_cast<std::size_t>((std::stoi(value("page")) - 1) * per_page);
    for (std::size_t i = first;
         i < found.size() && rows.size() < static_cast<std::size_t>(per_page); ++i)
      rows.push_back(found[i]->row);
    return rows;
  }

  std::optional<json> answer(const std::string& path,
                             const std::multimap<std::string, std::string>& query) {
    if (path == "/api/v1/tickets/search") return search(query);
    const Id id = std::stoll("0" + path.substr(path.rfind('/') + 1));
    if (path.starts_with("/api/v1/ticket_articles/by_ticket/")) return articles_of(id);
    if (path.starts_with("/api/v1/ticket_articles/")) {
      return articles.contains(id) ? std::optional(articles.at(id)) : std::nullopt;
    }
    const auto ticket = tickets.find(id);
    if (ticket == tickets.end() || ticket->second.destroyed) return std::nullopt;
    if (path.starts_with("/api/v1/ticket_history/"))
      return json{{"history", ticket->second.history}, {"assets", assets()}};
    return ticket->second.row;
  }

  std::optional<json> articles_of(Id ticket) {
    const auto found = tickets.find(ticket);
    if (found == tickets.end() || found->second.destroyed) return std::nullopt;
    json list = json::array();
    for (const auto& [id, article] : articles) {
      if (article["ticket_id"] == ticket) list.push_back(article);
    }
    return list;
  }

  json create_article(const json& posted, Seconds now) {
    const Id ticket = std::stoll(posted.value("ticket_id", "0"));
    const Id id = ++last_article;
    json article = posted;
    article["id"] = id;
    article["ticket_id"] = ticket;
    article["created_by_id"] = 2;
    article["created_at"] = instant(now, id);
    articles[id] = article;
    tell(ticket, now, 2, "created", "Ticket::Article", id)["related_o_id"] = ticket;
    return article;
  }

  // What goes wrong with this answer; true when something did.
  bool spoil(const std::string& path, Behaviour& out) {
    if (random() % 100 >= faults.of_hundred) return false;
    switch (random() % 5) {
      case 0:
        out.status = 429;
        out.headers.push_back({"Retry-After", "7"});
        out.body = "{}";
        return true;
      case 1:
        out.status = 500;
        out.body = R"({"error":"internal"})";
        return true;
      case 2:
        out.body.resize(random() % std::max<std::size_t>(out.body.size(), 1));
        return true;
      case 3:
        out.body = "<!doctype html><title>Log in</title>";
        return true;
      default:
        if (is_list(path)) repeat_rows(out.body);
        return is_list(path);
    }
  }

  void repeat_rows(std::string& body) {
    json list = json::parse(body, nullptr, false);
    if (!list.is_array() || list.empty()) return;
    list.push_back(list[random() % list.size()]);
    list.insert(list.begin(), list.front());
    body = list.dump();
  }

  void serve(const probes::HttpRequest& request, Behaviour& out) {
    const std::string target = request.url.substr(url.size());
    const std::string path = target.substr(0, target.find('?'));
    last_path = target;
    last_headers = request.headers;
    ++asked[path];
    out.headers.push_back({"Content-Type", "application/json"});
    if (const auto set = fixed.find(path); set != fixed.end()) {
      out.status = set->second.status;
      out.body = set->second.body;
      return;
    }
    if (request.method == "POST") {
      out.status = 201;
      const json posted = json::parse(request.body);
      const auto now = std::chrono::floor<std::chrono::seconds>(net.loop().wall_now());
      out.body = create_article(posted, now).dump();
      return;
    }
    const auto question = target.find('?');
    const auto found =
        answer(path, exporter::parse_query(question == std::string::npos
                                               ? std::string_view()
                                               : std::string_view(target).substr(question + 1)));
    out.status = found ? 200 : 404;
    out.body = found ? found->dump() : R"({"error":"Couldn't find the record"})";
    if (found && faults.of_hundred > 0) spoil(path, out);
  }
};

ZammadDesk::ZammadDesk(SimNet& net, std::string url) : desk_(std::make_unique<Desk>(net)) {
  desk_->url = std::move(url);
  Behaviour peer = up();
  peer.hear = [this](const probes::HttpRequest& request, Behaviour& answer) {
    const std::string path = request.url.substr(desk_->url.size());
    if (before_request) before_request(path.substr(0, path.find('?')));
    desk_->serve(request, answer);
  };
  const std::string host = desk_->url.substr(desk_->url.find("//") + 2);
  net.when(host + ":443").then(std::move(peer));
}

ZammadDesk::~ZammadDesk() = default;

Id ZammadDesk::add_agent(const std::string& email) { return desk_->add_user(email, true); }
Id ZammadDesk::add_customer(const std::string& email) { return desk_->add_user(email, false); }

Id ZammadDesk::open(Seconds at, Id by, Id customer, const std::string& group, Post first,
                    const std::map<std::string, std::string>& attributes) {
  const Id id = ++desk_->last_ticket;
  json row = {{"id", id},
              {"number", std::to_string(70'000 + id)},
              {"title", "title"},
              {"customer_id", customer},
              {"created_by_id", by},
              {"created_at", instant(at, desk_->last_entry + 1)},
              {"create_article_type", first.type},
              {"create_article_sender", first.sender},
              {"group", group},
              {"state", "new"},
              {"priority", "2 normal"},
              {"organization", nullptr},
              {"owner", "-"},
              {"preferences", json::object()}};
  for (const auto& [name, value] : attributes) row[name] = value;
  desk_->tickets[id].row = std::move(row);
  desk_->tell(id, at, by, "created", "Ticket", id);
  post(id, at, by, first);
  return id;
}

Id ZammadDesk::open_by_mail(Seconds at, Id customer, const std::string& group) {
  const std::string& email = desk_->users.at(customer).email;
  return open(at, customer, customer, group, {.sender = "Customer", .from = "A B <" + email + ">"});
}

Id ZammadDesk::post(Id ticket, Seconds at, Id by, const Post& post) {
  const Id id = ++desk_->last_article;
  desk_->articles[id] = {{"id", id},
                         {"ticket_id", ticket},
                         {"sender", post.sender},
                         {"type", post.type},
                         {"internal", post.internal},
                         {"from", post.from},
                         {"to", post.to},
                         {"subject", post.subject},
                         {"body", post.body},
                         {"created_by_id", by},
                         {"created_at", instant(at, id)},
                         {"preferences", json::object()}};
  if (post.automatic)
    desk_->articles[id]["preferences"] = {{"send-auto-response", false},
                                          {"is-auto-response", true}};
  desk_->tell(ticket, at, by, "created", "Ticket::Article", id)["related_o_id"] = ticket;
  return id;
}

void ZammadDesk::note(Id ticket, Seconds at, Id agent, const std::string& body) {
  post(ticket, at, agent, {.type = "note", .internal = true, .body = body});
}

void ZammadDesk::customer_mail(Id ticket, Seconds at, Id customer, bool automatic) {
  post(ticket, at, customer,
       {.sender = "Customer", .automatic = automatic, .from = desk_->users.at(customer).email});
}

void ZammadDesk::number_mail(Id ticket, Seconds at) {
  const Id customer = desk_->tickets.at(ticket).row["customer_id"].get<Id>();
  post(ticket, at, kSystem, {.sender = "System", .to = desk_->users.at(customer).email});
}

void ZammadDesk::change(Id ticket, Seconds at, Id by, const std::string& attribute,
                        const std::string& to) {
  json& row = desk_->tickets.at(ticket).row;
  const std::string from =
      row.contains(attribute) && row[attribute].is_string() ? row[attribute] : "";
  row[attribute] = to;
  json& entry = desk_->tell(ticket, at, by, "updated", "Ticket", ticket);
  entry["attribute"] = attribute;
  entry["value_from"] = from;
  entry["value_to"] = to;
}

void ZammadDesk::tag(Id ticket, Seconds at, Id by, const std::string& tag, bool added) {
  json& entry = desk_->tell(ticket, at, by, added ? "added" : "removed", "Ticket", ticket);
  entry["attribute"] = "tag";
  entry["value_to"] = tag;
}

void ZammadDesk::merge(Id ticket, Id into, Seconds at, Id by) {
  for (auto& [id, article] : desk_->articles) {
    if (article["ticket_id"] == ticket) article["ticket_id"] = into;
  }
  json& received = desk_->tell(into, at, by, "received_merge", "Ticket", into);
  received["id_to"] = into;
  received["id_from"] = ticket;
  json& merged = desk_->tell(ticket, at, by, "merged_into", "Ticket", ticket);
  merged["id_to"] = into;
  merged["id_from"] = ticket;
  post(ticket, at, by, {.type = "note", .body = "merged"});
  change(ticket, at, by, "state", "merged");
}

void ZammadDesk::destroy(Id ticket) { desk_->tickets.at(ticket).destroyed = true; }

void ZammadDesk::forget_history(Id ticket) { desk_->tickets.at(ticket).history.clear(); }

void ZammadDesk::set_updated(Id ticket, Seconds at) {
  ++desk_->last_entry;
  desk_->touch(ticket, at);
}

void ZammadDesk::set_faults(Faults faults) {
  desk_->faults = faults;
  desk_->random.seed(faults.seed);
}

void ZammadDesk::answer(const std::string& path, int status, std::string body) {
  desk_->fixed[path] = {status, std::move(body)};
}

void ZammadDesk::heal(const std::string& path) { desk_->fixed.erase(path); }

std::uint64_t ZammadDesk::requests(const std::string& path_prefix) const {
  std::uint64_t sum = 0;
  for (const auto& [path, count] : desk_->asked) {
    if (path.starts_with(path_prefix)) sum += count;
  }
  return sum;
}

const std::string& ZammadDesk::last_request() const { return desk_->last_path; }
const std::vector<probes::HttpHeader>& ZammadDesk::last_headers() const {
  return desk_->last_headers;
}
int ZammadDesk::largest_page() const { return desk_->largest_page; }

}  // namespace fakes
