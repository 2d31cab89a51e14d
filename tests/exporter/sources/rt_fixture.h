// A Request Tracker made up for tests, in the shapes that version 5.0.3 answers with: rows an
// account may not see are cut out of their page, totals are null, ids are texts in one place and
// numbers in another.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "exporter/sla/zone.h"
#include "exporter/sources/rt.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/sim_net.h"

namespace exporter {

using nlohmann::json;

inline std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The number after `mark`, or `otherwise`.
inline std::int64_t number_after(const std::string& text, const std::string& mark,
                                 std::int64_t otherwise) {
  const std::size_t at = text.find(mark);
  return at == text.npos ? otherwise : std::stoll(text.substr(at + mark.size()));
}

class FakeRt {
 public:
  struct Row {
    std::int64_t id = 0, ticket = 0;
    std::string type, field, before, after, creator;
    std::string created = "2026-01-05T09:00:00Z";
    std::string headers = {};  // of a message
    std::string text = {};
    bool visible = true;
  };
  struct Ticket {
    std::string queue = "support";
    std::string status = "open", requestor = "alice", created = "2026-01-05T09:00:00Z";
    std::map<std::string, std::string> fields;  // the values of Region and the like, by name
    std::int64_t survivor = 0;
    std::string type = "ticket";
  };

  std::vector<Row> rows;
  std::map<std::int64_t, Ticket> tickets;
  std::map<std::string, int> privileged = {{"ann", 1}, {"bob", 1},   {"bot", 1},
                                           {"me", 1},  {"alice", 0}, {"cc", 0}};
  std::map<std::string, std::string> queues = {
      {"1", "support"}, {"2", "experts"}, {"3", "legal"}, {"4", "facilities"}};
  bool shows_queues = true;
  bool counts = false;  // as for a superuser
  // Asked first; what it returns is the answer.
  std::function<std::optional<fakes::Behaviour>(const std::string& path)> interfere;
  std::vector<std::string> asked;
  std::string noted;

  fakes::Behaviour answer(const probes::HttpRequest& request) {
    const std::string path = percent_decoded(request.url.substr(request.url.find("/REST")));
    asked.push_back(path);
    if (interfere) {
      if (auto other = interfere(path)) return *other;
    }
    if (request.method == "POST") noted = path + ' ' + request.body;
    if (path.find("/transactions?") != path.npos) return page_of(path);
    if (path.find("/attachments") != path.npos) return attachments(path);
    if (path.find("/ticket/") != path.npos) return ticket(path);
    if (path.find("/user/") != path.npos) return user(path.substr(path.rfind('/') + 1));
    if (path.find("/queues/all") != path.npos)
      return list(shows_queues ? json{{{"id", "1"}}} : json::array());
    if (path.find("/queue/") != path.npos) return queue(path.substr(path.rfind('/') + 1));
    return fakes::status(404);
  }

 private:
  static fakes::Behaviour page(const json& body) { return fakes::page(body.dump()); }
  static fakes::Behaviour list(const json& items) {
    return page(
        {{"items", items}, {"count", items.size()}, {"total", nullptr}, {"pages", nullptr}});
  }

  static bool meets(const Row& row, const std::string& path) {
    if (row.id <= number_after(path, "id > ", 0)) return false;
    if (row.id >= number_after(path, "id < ", INT64_MAX)) return false;
    const bool history = path.find("Type='Status'") != path.npos;
    if (row.ticket != number_after(path, "ObjectId=", row.ticket)) return false;
    if (path.find("NewValue=") != path.npos && row.field != "MergedInto") return false;
    return !history || row.type == "Create" || row.type == "Status" || row.type == "CustomField" ||
           row.type == "Set";
  }

  fakes::Behaviour page_of(const std::string& path) const {
    std::vector<const Row*> found;
    for (const Row& row : rows)
      if (meets(row, path)) found.push_back(&row);
    if (path.find("order=DESC") != path.npos) std::ranges::reverse(found);
    const auto per_page = static_cast<std::size_t>(number_after(path, "per_page=", 20));
    const auto number = static_cast<std::size_t>(number_after(path, "&page=", 1));
    json items = json::array();
    for (std::size_t i = (number - 1) * per_page; i < std::min(found.size(), number * per_page);
         ++i)
      if (found[i]->visible) items.push_back(item(*found[i]));
    json body = {{"items", items}, {"count", items.size()}, {"per_page", per_page},
                 {"page", number}, {"total", nullptr},      {"pages", nullptr}};
    if (counts) {
      body["total"] = found.size();
      body["pages"] = 0.0;
    }
    return page(body);
  }

  static json item(const Row& row) {
    return {{"type", "transaction"},
            {"id", std::to_string(row.id)},
            {"ObjectId", std::to_string(row.ticket)},
            {"Type", row.type},
            {"Field", row.field},
            {"OldValue", row.before},
            {"NewValue", row.after},
            {"Created", row.created},
            {"Creator", {{"type", "user"}, {"id", row.creator}}}};
  }

  fakes::Behaviour ticket(const std::string& path) const {
    if (path.ends_with("/comment")) return fakes::status(201);
    std::int64_t id = number_after(path, "/ticket/", 0);
    auto found = tickets.find(id);
    if (found == tickets.end()) return fakes::status(404);
    if (found->second.survivor != 0) found = tickets.find(id = found->second.survivor);
    const Ticket& one = found->second;
    json fields = json::array();
    int field_id = 0;
    for (const auto& [name, value] : one.fields) {
      fields.push_back({{"id", std::to_string(++field_id)},
                        {"name", name},
                        {"values", value.empty() ? json::array() : json{value}}});
    }
    json requestors = json::array();
    if (!one.requestor.empty()) requestors.push_back({{"type", "user"}, {"id", one.requestor}});
    return page({{"id", id},
                 {"Type", one.type},
                 {"Queue", {{"id", "1"}, {"Name", one.queue}}},
                 {"Status", one.status},
                 {"Priority", "0"},
                 {"Requestor", requestors},
                 {"Created", one.created},
                 {"Due", "1970-01-01T00:00:00Z"},
                 {"CustomFields", fields}});
  }

  fakes::Behaviour user(const std::string& name) const {
    if (name == "50") return page({{"Name", "me"}, {"Privileged", 1}});
    const auto found = privileged.find(name);
    if (found == privileged.end()) return fakes::status(404);
    return page({{"Name", name}, {"Privileged", found->second}, {"RealName", nullptr}});
  }

  fakes::Behaviour queue(const std::string& id) const {
    const auto found = queues.find(id);
    return found == queues.end() ? fakes::status(403) : page({{"Name", found->second}});
  }

  fakes::Behaviour attachments(const std::string& path) const {
    const std::int64_t id =
        number_after(path, "/transaction/", number_after(path, "\"value\":", 0));
    for (const Row& row : rows) {
      if (row.id != id) continue;
      json one = {{"id", std::to_string(id)}, {"type", "attachment"}};
      if (path.find("Headers") != path.npos) one["Headers"] = row.headers;
      if (path.find("ContentType") != path.npos) {
        one["ContentType"] = "text/plain";
        one["ContentLength"] = std::to_string(row.text.size());
      }
      if (path.find("fields=Content&") != path.npos) one["Content"] = row.text;
      if (path.find("/transaction/") == path.npos) return list(json::array({one}));
      // A part comes before the message it belongs to: nobody promised an order.
      json part = {{"id", std::to_string(id + 1'000'000)},
                   {"ContentType", "image/png"},
                   {"Headers", "Auto-Submitted: auto-replied"}};
      return list(json::array({part, one}));
    }
    return fakes::status(404);
  }
};

class RtReaderTest : public testing::Test {
 protected:
  RtReaderTest() {
    source_.name = "helpdesk";
    source_.url = "http://rt.example.com";
    source_.http.authorization_credentials = probes::Secret("1-50-s3cret");
    source_.requests_per_minute = 60'000;
    source_.not_human = {"bot"};
    source_.map.level = {
        "queue", "", {{"support", "first"}, {"experts", "second"}, {"legal", "legal"}}};
    source_.map.calendar = {"custom_field", "Region", {{"EU", "europe"}, {"US", "america"}}};
    for (const char* name : {"first", "second", "legal"}) {
      LevelTerms level;
      level.name = name;
      level.note_reacts = level.name != "first";
      levels_.push_back(level);
    }
    fakes::Behaviour behaviour = fakes::up();
    behaviour.hear = [this](const probes::HttpRequest& request, fakes::Behaviour& answer) {
      answer = rt_.answer(request);
    };
    net_.otherwise().then(behaviour);
  }

  RtReader& reader() {
    if (!reader_) reader_ = std::make_unique<RtReader>(net_, source_, levels_);
    return *reader_;
  }
  // Killed and started anew.
  void restart() { reader_.reset(); }
  SourceResult read(const std::string& cursor) {
    return loop_.run_task(reader().read(cursor, now_));
  }
  // Until nothing is left; the cursor is moved on.
  std::vector<TicketEvent> read_all(std::string& cursor, bool restarting = false) {
    std::vector<TicketEvent> events;
    for (int i = 0; i < 10'000; ++i) {
      const SourceResult batch = read(cursor);
      EXPECT_TRUE(batch) << batch.error().message;
      if (!batch) break;
      events.insert(events.end(), batch->events.begin(), batch->events.end());
      cursor = batch->cursor;
      last_ = *batch;
      for (const auto& [what, count] : batch->unmapped) unmapped_[what] += count;
      if (restarting) restart();
      if (!batch->more) return events;
    }
    ADD_FAILURE() << "no end";
    return events;
  }
  std::vector<TicketEvent> read_all() {
    std::string cursor;
    return read_all(cursor);
  }

  // "7 escalated agent second", a line an event.
  static std::string told(const std::vector<TicketEvent>& events) {
    std::string text = {};
    for (const TicketEvent& event : events) {
      text += event.ticket + ' ' + std::string(name_of(event.type)) + ' ' +
              std::string(name_of(event.actor));
      for (const std::string& word : {event.level, event.calendar, event.channel, event.destination,
                                      event.into, event.item, event.reason}) {
        if (!word.empty()) text += ' ' + word;
      }
      if (event.since) text += ' ' + format_utc(*event.since);
      text += '\n';
    }
    return text;
  }

  fakes::FakeLoop loop_;
  fakes::SimNet net_{loop_};
  FakeRt rt_;
  TicketSource source_;
  std::vector<LevelTerms> levels_;
  std::unique_ptr<RtReader> reader_;
  SourceBatch last_;
  std::map<std::string, std::uint64_t> unmapped_;
  Seconds now_ = *parse_instant("2026-01-10T00:00:00Z");
};

}  // namespace exporter
