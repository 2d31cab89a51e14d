// A Zammad, a reader of it, and what it has read so far, kept as the program keeps it.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/sources/zammad.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/zammad_desk.h"

namespace exporter {

using namespace std::chrono_literals;
using fakes::ZammadDesk;
using Reason = SourceError::Reason;

inline const Seconds kDay = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);
inline const std::string kZammadUrl = "https://zammad.example.com";

// The first level reacts by messages alone.
inline LevelTerms level(const std::string& name) {
  LevelTerms terms;
  terms.name = name;
  terms.note_reacts = name != "first";
  return terms;
}

inline TicketSource source_of_example() {
  TicketSource source;
  source.name = "helpdesk";
  source.type = TicketSource::Type::zammad;
  source.url = kZammadUrl;
  source.http.authorization_type = "Token";
  source.http.authorization_credentials = probes::Secret("token=secret");
  source.requests_per_minute = 6000;
  source.not_human = {"mailbot@example.com"};
  source.map.level = {
      "group", "", {{"Support", "first"}, {"Experts", "second"}, {"Legal", "legal"}}};
  source.map.calendar = {"custom_field", "Region", {{"EU", "europe"}, {"US", "america"}}};
  source.map.destination = {"group", "", {{"Experts", "network"}, {"Legal", "legal"}}};
  source.map.checklist = {{"data", "customer_data", {"complete"}, "", ""},
                          {"dns", "", {}, "dns-checked", ""},
                          {"faq", "", {}, "", "[faq searched]"}};
  return source;
}

class ZammadTest : public ::testing::Test {
 protected:
  ZammadTest() : loop_(kDay), net_(loop_), desk_(net_, kZammadUrl), source_(source_of_example()) {
    ann_ = desk_.add_agent("ann@example.com");
    nicole_ = desk_.add_customer("nicole@example.com");
    bot_ = desk_.add_agent("mailbot@example.com");
  }

  ZammadReader& reader() {
    if (!reader_)
      reader_ = std::make_unique<ZammadReader>(
          net_, source_, std::vector<LevelTerms>{level("first"), level("second"), level("legal")});
    return *reader_;
  }

  SourceResult read_once() {
    const Seconds now = std::chrono::floor<std::chrono::seconds>(loop_.wall_now());
    return loop_.run_task(reader().read(cursor_, now));
  }

  // Keeps what a reading found; an event that comes again must be the one that came before.
  void keep(const SourceBatch& batch) {
    for (const TicketEvent& event : batch.events) {
      const auto [at, fresh] = kept_.try_emplace({event.ticket, event.seq}, event);
      EXPECT_EQ(at->second, event) << "ticket " << event.ticket << " seq " << event.seq;
      EXPECT_GE(event.seq, 0);
    }
    for (const auto& [what, count] : batch.unmapped) unmapped_[what] += count;
    cursor_ = batch.cursor;
    if (batch.read_until) read_until_ = batch.read_until;
  }

  // Until nothing is left, as the program does it.
  void read_all() {
    for (int i = 0; i < 2000; ++i) {
      const SourceResult result = read_once();
      if (!result) {
        ++errors_[result.error().reason];
        loop_.run_for(result.error().retry_after.value_or(60s));
        continue;
      }
      keep(*result);
      if (!result->more) return;
    }
    FAIL() << "there is always more to read";
  }

  // "opened:customer", "escalated:agent:second" in their order.
  std::vector<std::string> story(ZammadDesk::Id ticket) const {
    std::vector<std::string> words;
    for (const auto& [key, event] : kept_) {
      if (key.first != std::to_string(ticket)) continue;
      std::string word = fmt::format("{}:{}", name_of(event.type), name_of(event.actor));
      for (const std::string& more : {event.level, event.calendar, event.into, event.item}) {
        if (!more.empty()) word += ":" + more;
      }
      words.push_back(word);
    }
    return words;
  }

  const TicketEvent& first_event(ZammadDesk::Id ticket) const {
    return kept_.at({std::to_string(ticket), 0});
  }

  fakes::FakeLoop loop_;
  fakes::SimNet net_;
  ZammadDesk desk_;
  TicketSource source_;
  ZammadDesk::Id ann_ = 0, nicole_ = 0, bot_ = 0;
  std::unique_ptr<ZammadReader> reader_;
  std::string cursor_;
  std::map<std::pair<std::string, std::int64_t>, TicketEvent> kept_;
  std::map<std::string, std::uint64_t> unmapped_;
  std::map<Reason, int> errors_;
  std::optional<Seconds> read_until_;
};

}  // namespace exporter
