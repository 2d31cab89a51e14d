// People know what they promised: the targets below are those of the configuration that
// exporter/demo/config_file.cc writes.
#include "exporter/demo/ticket_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <utility>

namespace exporter::demo {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kFirstTarget = minutes(2);
constexpr seconds kSecondTarget = minutes(5);
constexpr hours kLegalTarget{5 * 24};
constexpr std::uint32_t kSeed = 20'260'101;

// Most customers count by hours that never end, so that one sees something at the weekend too.
constexpr std::array<std::string_view, 5> kCalendars = {"around_the_clock", "around_the_clock",
                                                        "around_the_clock", "europe", ""};
constexpr std::array<std::string_view, 4> kChannels = {"mail", "mail", "chat", "phone"};
constexpr std::array<std::string_view, 4> kLanguages = {"de", "en", "fr", "es"};
constexpr std::array<std::string_view, 2> kExperts = {"developers", "network"};
constexpr std::array<std::string_view, 3> kChecklist = {"customer_data", "reproduction", "faq"};

class Dice {
 public:
  explicit Dice(TicketKey key)
      : random_(kSeed + static_cast<std::uint32_t>(key.letter) * 7919U +
                static_cast<std::uint32_t>(key.number) * 2'654'435'761U) {}

  // Not std::uniform_int_distribution: its results differ from library to library.
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  seconds between(seconds low, seconds high) {
    return low + seconds(below(static_cast<std::uint32_t>((high - low).count() + 1)));
  }
  template <std::size_t size>
  std::string_view pick(const std::array<std::string_view, size>& from) {
    return from[below(size)];
  }

 private:
  std::mt19937 random_;
};

// Tells a story: each step is so long after the one before.
class Story {
 public:
  explicit Story(TicketKey key) : dice_(key) {
    const seconds every = series_of(key).every;
    now_ = Instant(every * key.number) +
           dice_.between(seconds(0), std::min<seconds>(every - seconds(1), hours(1)));
  }

  Dice& dice() { return dice_; }
  std::vector<ScriptStep> take() { return std::move(steps_); }

  void customer(seconds later, std::string_view type) {
    now_ += later;
    steps_.push_back({.at = now_, .type = type, .actor = "customer"});
  }
  void people(seconds later, std::string_view type, std::string_view level = {},
              std::string_view destination = {}) {
    now_ += later;
    steps_.push_back({.at = now_,
                      .type = type,
                      .actor = "agent",
                      .level = level,
                      .destination = destination,
                      .by_people = true});
  }

  // Opened, and its number mailed: nearly always within the ten seconds that are promised.
  void open(std::string_view channel) {
    steps_.push_back({.at = now_,
                      .type = "opened",
                      .actor = channel == "phone" ? "agent" : "customer",
                      .calendar = dice_.pick(kCalendars),
                      .channel = channel,
                      .language = dice_.pick(kLanguages),
                      .by_people = channel == "phone"});
    now_ += dice_.chance(1) ? dice_.between(seconds(12), seconds(20))
                            : dice_.between(seconds(1), seconds(4));
    steps_.push_back({.at = now_, .type = "auto_reply", .actor = "system"});
  }

  // Mostly in time, and then with a quarter to spare.
  seconds effort(seconds target) {
    if (dice_.chance(4)) return dice_.between(target + target / 10, target * 2);
    return dice_.between(target / 12, target * 3 / 4);
  }

  // Works through the checklist, not always to its end, and hands over.
  void hand_over(seconds later, std::string_view level, std::string_view destination) {
    for (const std::string_view item : kChecklist) {
      if (dice_.chance(15)) continue;
      people(later / 4, "checked_item");
      steps_.back().item = item;
    }
    people(later / 4, "escalated", level, destination);
  }

 private:
  Dice dice_;
  Instant now_;
  std::vector<ScriptStep> steps_;
};

void answered_by_experts(Story& story) {
  story.hand_over(story.effort(kFirstTarget), "second", story.dice().pick(kExperts));
  if (story.dice().chance(25)) {
    story.people(seconds(20), "waiting");
    story.customer(story.dice().between(seconds(30), minutes(4)), "customer_replied");
  }
  if (story.dice().chance(30)) story.people(story.effort(kSecondTarget), "note");
  story.people(story.effort(kSecondTarget), "reaction");
}

void daily_work(Story& story) {
  const std::string_view channel = story.dice().pick(kChannels);
  story.open(channel);
  if (channel == "phone") return story.people(seconds(30), "closed");
  if (story.dice().chance(3)) return story.people(seconds(25), "spam");
  if (story.dice().chance(25)) {
    answered_by_experts(story);
  } else {
    story.people(story.effort(kFirstTarget), "reaction");
  }
  if (story.dice().chance(20)) {
    story.customer(story.dice().between(seconds(20), seconds(90)), "customer_replied");
    story.people(story.effort(kFirstTarget), "reaction");
  }
  story.people(seconds(5), "closed");
}

void legal_case(Story& story, char letter) {
  story.open("mail");
  story.hand_over(seconds(60), "legal", "legal");
  if (letter == 'W') {
    story.people(hours(5), "waiting");
    story.customer(hours(60), "customer_replied");
    story.people(hours(5), "reaction");
  } else {
    story.people(letter == 'F' ? kLegalTarget + hours(13 * 24) : hours(104), "reaction");
  }
  story.people(seconds(30), "closed");
}

}  // namespace

std::string text_of(TicketKey key) { return fmt::format("{}-{}", key.letter, key.number); }

std::optional<TicketKey> parse_ticket_key(std::string_view text) {
  if (text.size() < 3 || text[1] != '-') return std::nullopt;
  TicketKey key{.letter = text.front()};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 2, end, key.number);
  const bool known =
      std::ranges::find(kTicketSeries, key.letter, &TicketSeries::letter) != kTicketSeries.end();
  if (error != std::errc() || stop != end || !known) return std::nullopt;
  return key;
}

const TicketSeries& series_of(TicketKey key) {
  return *std::ranges::find(kTicketSeries, key.letter, &TicketSeries::letter);
}

std::vector<ScriptStep> script_of(TicketKey key) {
  Story story(key);
  if (key.letter == 'T') {
    daily_work(story);
  } else {
    legal_case(story, key.letter);
  }
  return story.take();
}

}  // namespace exporter::demo
