// A help desk's reader alone, for tests beside a real one: prints what happened as lines of JSON
// and keeps the cursor in a file, as the daemon keeps it in its store.
//
//   ticket_reader SETTINGS.json CURSOR [--batches N]      reads on, at most N batches, until it is
//                                                         up to date
//   ticket_reader SETTINGS.json CURSOR --note TICKET TEXT leaves a note
//
// A batch is an `event` line each, then a `batch` line with its cursor. An error is an `error` line
// and exit status 1. The settings:
//   {"type": "rt", "name": "helpdesk", "url": "http://127.0.0.1:8080", "token": "1-14-...",
//    "page": 2, "requests_per_minute": 60000, "since": "2026-01-01T00:00:00Z", "now": "...",
//    "not_human": ["mailbot"], "waiting_states": [], "levels": [{"name": "first", "notes": false}],
//    "map": {"level": {"attribute": "queue", "values": {"support": "first"}},
//            "calendar": {"attribute": "custom_field", "name": "Region", "values": {}}},
//    "checklist": [{"item": "dns", "comment": "checked DNS"}]}
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "exporter/sla/zone.h"
#include "exporter/sources/rt.h"
#include "probes/async/epoll_loop.h"
#include "probes/net/real_net.h"

namespace {

using exporter::Seconds;
using exporter::SourceBatch;
using exporter::TicketEvent;
using nlohmann::json;

std::string contents_of(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

exporter::TicketField field_of(const json& map, const char* key) {
  exporter::TicketField field;
  if (!map.contains(key)) return field;
  field.attribute = map[key].value("attribute", "");
  field.name = map[key].value("name", "");
  field.values = map[key].value("values", std::map<std::string, std::string>());
  return field;
}

exporter::TicketSource source_of(const json& settings) {
  exporter::TicketSource source;
  source.name = settings.value("name", "helpdesk");
  source.url = settings.at("url");
  source.http.authorization_credentials = probes::Secret(settings.value("token", ""));
  source.page = settings.value("page", source.page);
  source.requests_per_minute = settings.value("requests_per_minute", 60'000);
  if (settings.contains("since"))
    source.since = exporter::parse_instant(settings["since"].get<std::string>()).value();
  source.not_human = settings.value("not_human", std::vector<std::string>());
  source.waiting_states = settings.value("waiting_states", std::vector<std::string>());
  const json map = settings.value("map", json::object());
  source.map.level = field_of(map, "level");
  source.map.calendar = field_of(map, "calendar");
  source.map.agreement = field_of(map, "agreement");
  source.map.channel = field_of(map, "channel");
  source.map.language = field_of(map, "language");
  source.map.destination = field_of(map, "destination");
  for (const json& proof : settings.value("checklist", json::array())) {
    source.map.checklist.push_back({proof.at("item"), proof.value("custom_field", ""),
                                    proof.value("values", std::vector<std::string>()), "",
                                    proof.value("comment", "")});
  }
  return source;
}

std::unique_ptr<exporter::TicketReader> reader_of(probes::Net& net, const json& settings) {
  std::vector<exporter::LevelTerms> levels;
  for (const json& level : settings.at("levels")) {
    exporter::LevelTerms terms;
    terms.name = level.at("name");
    terms.note_reacts = level.value("notes", true);
    levels.push_back(terms);
  }
  return std::make_unique<exporter::RtReader>(net, source_of(settings), std::move(levels));
}

json line_of(const TicketEvent& event) {
  json line = {{"line", "event"},
               {"source", event.source},
               {"ticket", event.ticket},
               {"seq", event.seq},
               {"at", exporter::format_utc(event.at)},
               {"type", exporter::name_of(event.type)},
               {"actor", exporter::name_of(event.actor)}};
  const std::map<std::string, std::string> words = {
      {"level", event.level},     {"calendar", event.calendar}, {"agreement", event.agreement},
      {"channel", event.channel}, {"language", event.language}, {"destination", event.destination},
      {"into", event.into},       {"item", event.item},         {"reason", event.reason}};
  for (const auto& [key, value] : words) {
    if (!value.empty()) line[key] = value;
  }
  if (event.since) line["since"] = exporter::format_utc(*event.since);
  return line;
}

class Run {
 public:
  Run(const json& settings, std::string cursor_file, int batches)
      : cursor_file_(std::move(cursor_file)), batches_(batches) {
    if (settings.contains("now"))
      now_ = exporter::parse_instant(settings["now"].get<std::string>()).value();
    reader_ = reader_of(net_, settings);
  }

  int read() {
    loop_.spawn(read_on());
    loop_.run();
    return status_;
  }
  int note(std::string ticket, std::string text) {
    loop_.spawn(leave(std::move(ticket), std::move(text)));
    loop_.run();
    return status_;
  }

 private:
  probes::Task<void> read_on() {
    std::string cursor = contents_of(cursor_file_);
    for (int i = 0; i < batches_; ++i) {
      const Seconds now = now_.value_or(std::chrono::floor<std::chrono::seconds>(loop_.wall_now()));
      const exporter::SourceResult batch = co_await reader_->read(cursor, now);
      if (!batch) {
        fail(batch.error());
        break;
      }
      show(*batch);
      cursor = batch->cursor;
      std::ofstream(cursor_file_) << cursor;
      if (!batch->more) break;
    }
    loop_.stop();
  }

  probes::Task<void> leave(std::string ticket, std::string text) {
    const auto done = co_await reader_->leave_note(std::move(ticket), std::move(text));
    if (!done) fail(done.error());
    loop_.stop();
  }

  void show(const SourceBatch& batch) const {
    for (const TicketEvent& event : batch.events) std::cout << line_of(event).dump() << "\n";
    json line = {{"line", "batch"},
                 {"cursor", batch.cursor},
                 {"more", batch.more},
                 {"unmapped", batch.unmapped}};
    if (batch.read_until) line["read_until"] = exporter::format_utc(*batch.read_until);
    std::cout << line.dump() << std::endl;
  }

  void fail(const exporter::SourceError& error) {
    std::cout << json{{"line", "error"},
                      {"reason", exporter::name_of(error.reason)},
                      {"message", error.message}}
                     .dump()
              << std::endl;
    status_ = 1;
  }

  probes::EpollLoop loop_;
  probes::RealNet net_{loop_};
  std::string cursor_file_;
  int batches_;
  std::optional<Seconds> now_;
  std::unique_ptr<exporter::TicketReader> reader_;
  int status_ = 0;
};

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  if (arguments.size() < 2) {
    std::cerr << "usage: ticket_reader SETTINGS.json CURSOR [--batches N | --note TICKET TEXT]\n";
    return 2;
  }
  const json settings = json::parse(contents_of(arguments[0]));
  const bool counts = arguments.size() == 4 && arguments[2] == "--batches";
  Run run(settings, arguments[1], counts ? std::stoi(arguments[3]) : 1'000'000);
  if (arguments.size() == 5 && arguments[2] == "--note")
    return run.note(arguments[3], arguments[4]);
  return run.read();
}
