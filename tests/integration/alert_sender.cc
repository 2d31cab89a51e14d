// The delivery of alerts alone, for tests beside real Alertmanagers and mail servers: takes words
// on standard input instead of the results of rules. What waits is kept in a file, as the daemon
// keeps it in its store.
//
//   alert_sender SLA.YML ROWS.JSON
//   fire NAME [LABEL=VALUE]...    the alert fires from now on
//   resolve NAME [LABEL=VALUE]... it has just ended
//   figures                       prints the figures as a line of JSON
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "exporter/alerts/delivery.h"
#include "exporter/config/load.h"
#include "exporter/log.h"
#include "probes/async/epoll_loop.h"
#include "probes/net/real_net.h"

namespace {

using namespace std::chrono_literals;
using exporter::DeliveryRow;
using nlohmann::json;

class AlertSender {
 public:
  AlertSender(const exporter::Config& config, std::string rows) : rows_file_(std::move(rows)) {
    delivery_.configure(std::make_shared<const exporter::Config>(config), "http://sender.test");
    std::ifstream in(rows_file_);
    for (std::string line; std::getline(in, line);) {
      const json row = json::parse(line);
      rows_[{row[0], row[1]}] = row[2];
    }
    std::vector<DeliveryRow> rows_before;
    rows_before.reserve(rows_.size());
    for (const auto& [name, text] : rows_) rows_before.push_back({name.first, name.second, text});
    delivery_.restore(rows_before);
  }

  void run() {
    ::fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    loop_.watch(STDIN_FILENO, probes::Loop::kRead, [this](unsigned) { read(); });
    store();
    loop_.run();
    delivery_.stop();
  }

 private:
  void read() {
    char bytes[4096];
    const auto size = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (size == 0) return loop_.stop();
    if (size > 0) input_.append(bytes, static_cast<std::size_t>(size));
    for (std::size_t end; (end = input_.find('\n')) != input_.npos;) {
      obey(input_.substr(0, end));
      input_.erase(0, end + 1);
    }
  }

  void obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb, name;
    words >> verb >> name;
    if (verb == "figures") return show();
    const auto now = std::chrono::floor<std::chrono::milliseconds>(loop_.wall_now());
    rules::Notification note;
    std::vector<rules::Labels::Pair> labels = {{"alertname", name}};
    for (std::string label; words >> label;) {
      labels.emplace_back(label.substr(0, label.find('=')), label.substr(label.find('=') + 1));
    }
    note.alert.labels = rules::Labels(labels);
    note.alert.annotations = {{"summary", name + " is down, \"really\" \xc3\xa9"}};
    note.expr_text = "up == 0";
    note.starts_at = now.time_since_epoch().count() - 1000;
    note.ends_at = now.time_since_epoch().count();
    if (verb == "resolve") {
      note.alert.resolved_at = note.ends_at;
    } else {
      note.ends_at += 240'000;
    }
    delivery_.send({note});
    delivery_.evaluated(loop_.now());
  }

  void show() {
    const exporter::DeliveryFigures figures = delivery_.figures();
    json targets = json::array();
    for (const auto& one : figures.alertmanagers) {
      targets.push_back({{"up", one.up},
                         {"waiting", one.waiting},
                         {"sent", one.sent},
                         {"dropped", one.dropped},
                         {"errors", one.errors}});
    }
    std::cout << json{{"alertmanagers", targets},
                      {"mails", figures.mail.sent},
                      {"mail_failures", figures.mail.failures},
                      {"heartbeats", figures.heartbeat.sent}}
                     .dump()
              << std::endl;
  }

  void store() {
    const auto changes = delivery_.changes();
    for (const exporter::DeliveryChange& change : changes) {
      if (change.json) {
        rows_[{change.target, change.key}] = *change.json;
      } else {
        rows_.erase({change.target, change.key});
      }
    }
    if (!changes.empty()) {
      std::ofstream out(rows_file_ + ".new");
      for (const auto& [name, text] : rows_) {
        out << json{name.first, name.second, text}.dump() << "\n";
      }
      out.close();
      ::rename((rows_file_ + ".new").c_str(), rows_file_.c_str());
    }
    loop_.call_at(loop_.now() + 50ms, [this] { store(); });
  }

  std::string rows_file_;
  std::map<std::pair<std::string, std::string>, std::string> rows_;
  std::string input_;
  probes::EpollLoop loop_;
  probes::RealNet net_{loop_};
  exporter::Delivery delivery_{net_, {.host = "sender.test"}};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: alert_sender SLA.YML ROWS.JSON\n";
    return 2;
  }
  exporter::setup_log(exporter::LogLevel::info, exporter::LogFormat::logfmt);
  const exporter::ConfigResult config = exporter::load_config(argv[1]);
  if (!config) {
    for (const exporter::ConfigError& error : config.error()) std::cerr << error.text() << "\n";
    return 1;
  }
  AlertSender(*config, argv[2]).run();
  return 0;
}
