// What the tests of notices share: a desk with one level of four office hours in Geneva whose team
// hears by mail and by web hook, on virtual time and a network made up, that can end at any moment
// and begin again on the same file.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/notices/notifier.h"
#include "exporter/sla/zone.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/mail_peer.h"
#include "tests/fakes/sim_net.h"

namespace exporter::notices_test {

using namespace std::chrono_literals;

inline Seconds at(std::string_view text) { return parse_instant(text).value(); }

class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "notices-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Monday to Friday 08:00-17:00 in UTC+01:00; at risk after three hours, breached after four.
inline Config office() {
  Config config;
  config.place.name = "geneva";
  config.agreements = {AgreementTerms{.timezone = "UTC+01:00"}};
  CalendarTerms europe;
  europe.name = "europe";
  europe.timezone = "UTC+01:00";
  for (std::size_t day = 1; day <= 5; ++day) europe.week[day] = {{8h, 17h}};
  Support& support = config.support;
  support.terms.calendars = {europe};
  LevelTerms first;
  first.name = "first";
  first.react_within = {ReactionTarget::Unit::business_seconds, 4 * 3600};
  first.note_reacts = first.pauses = false;
  support.terms.levels = {first};
  support.sources = {
      TicketSource{.name = "rt", .type = TicketSource::Type::rt, .url = "https://rt.example.com"}};
  support.notices.teams["first"] = {.mail_to = {"first@example.com"},
                                    .webhook_url = "http://hook.example/notices",
                                    .webhook_secret_url = {}};
  support.notices.mail.server = "mail.example:25";
  support.notices.mail.security = AlertMail::Security::none;
  support.notices.mail.from = "sla@example.com";
  return config;
}

inline TicketEvent event(std::string ticket, std::int64_t seq, Seconds time, TicketEventType type,
                         TicketActor actor) {
  TicketEvent event;
  event.source = "rt";
  event.ticket = std::move(ticket);
  event.seq = seq;
  event.at = time;
  event.type = type;
  event.actor = actor;
  if (type == TicketEventType::opened) event.calendar = "europe";
  return event;
}

// Work that is no longer done once the process was killed.
class MortalExecutor final : public Executor {
 public:
  void post(Job job) override {
    if (alive) job();
  }
  bool alive = true;
};

// One run of the program, on a file and a network that outlive it.
class Life {
 public:
  Life(::fakes::FakeLoop& loop, probes::Net& net, const Folder& folder, const Config& config,
       std::vector<std::string>& notes)
      : loop_(loop), desk(folder.path(), executor), book(std::make_shared<NoticeBook>(desk)) {
    notifier = std::make_shared<Notifier>(
        NotifierParts{.net = net,
                      .executor = executor,
                      .book = book,
                      .leave_note =
                          [&notes](const std::string& source, const std::string& ticket,
                                   const std::string& text, const std::function<void(bool)>& done) {
                            notes.push_back(fmt::format("{} {}: {}", source, ticket, text));
                            done(true);
                            return true;
                          },
                      .host = "host.example"});
    configure(config);
    tick();
    notifier->start();
  }
  ~Life() {
    notifier->stop();
    loop_.cancel(timer_);
  }

  void configure(const Config& config) {
    const auto taken = desk.configure(config, now());
    EXPECT_TRUE(taken.has_value()) << taken.error().message;
    book->configure(config, now());
    notifier->apply(config.support.notices);
  }
  Seconds now() const { return std::chrono::floor<std::chrono::seconds>(loop_.wall_now()); }
  void say(std::vector<TicketEvent> events) {
    SourceBatch batch;
    batch.events = std::move(events);
    batch.read_until = now();
    ASSERT_TRUE(desk.commit("rt", batch, now()));
  }

 private:
  void tick() {
    if (executor.alive) desk.tick(now());
    timer_ = loop_.call_at(loop_.now() + 1s, [this] { tick(); });
  }

  ::fakes::FakeLoop& loop_;
  probes::TimerId timer_ = 0;

 public:
  MortalExecutor executor;
  Desk desk;
  std::shared_ptr<NoticeBook> book;
  std::shared_ptr<Notifier> notifier;
};

}  // namespace exporter::notices_test
