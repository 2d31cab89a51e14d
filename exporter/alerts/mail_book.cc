#include "exporter/alerts/mail_book.h"

#include <nlohmann/json.hpp>

namespace exporter {
namespace {

using Json = nlohmann::json;

// Resolved alerts are told again for so long; then nothing more will come of them.
constexpr std::int64_t kKeepResolved = 15 * 60'000;
// The row with this key tells how things stand; the others are alerts.
const std::string kStateKey;

}  // namespace

void MailBook::note(const OutgoingAlert& alert) {
  const std::string key = alert.key();
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    found->second.alert = alert;
    if (found->second.told != Told::nothing) changed_.insert(key);
  } else if (entries_.size() < kMaxAlerts) {
    entries_.emplace(key, Entry{alert, Told::nothing});
  }
}

void MailBook::set_mode(Mode mode) {
  mode_ = mode;
  changed_.insert(kStateKey);
}

void MailBook::watch(const AlertmanagersState& state, std::chrono::seconds after,
                     probes::TimePoint now, std::int64_t wall_now) {
  alone_ = !state.any_configured;
  if (alone_) {
    if (mode_ == Mode::active) return;
    begin_ = wall_now;
    return set_mode(Mode::active);
  }
  if (mode_ == Mode::active && state.any_answers) {
    // Those who were told of an outage are told of its end.
    set_mode(begun_ ? Mode::closing : Mode::idle);
  } else if (mode_ != Mode::active && state.all_failing_since &&
             now - *state.all_failing_since >= after) {
    if (mode_ == Mode::idle) {
      begin_ = wall_now -
               std::chrono::duration_cast<std::chrono::milliseconds>(now - *state.all_failing_since)
                   .count();
    }
    set_mode(Mode::active);
  }
}

// A firing alert whose end has come without a word is in nobody's hand: it is not told as resolved.
void MailBook::forget_old(std::int64_t now) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const OutgoingAlert& alert = entry->second.alert;
    const bool waits = mode_ != Mode::idle && entry->second.told == Told::firing && alert.resolved;
    const bool old = !waits && alert.ends_at + (alert.resolved ? kKeepResolved : 0) <= now;
    if (old) changed_.insert(entry->first);
    entry = old ? entries_.erase(entry) : std::next(entry);
  }
}

std::optional<MailNews> MailBook::news(std::int64_t now) {
  forget_old(now);
  if (mode_ == Mode::idle) return std::nullopt;
  MailNews news;
  news.kind = mode_ == Mode::closing ? MailNews::Kind::over
              : alone_               ? MailNews::Kind::only_way
              : begun_               ? MailNews::Kind::goes_on
                                     : MailNews::Kind::begins;
  for (const auto& [key, entry] : entries_) {
    const bool told = entry.told == Told::firing;
    const bool whole_in_it = entry.alert.starts_at >= begin_;  // fired and ended meanwhile
    if (mode_ == Mode::closing) {
      if (told) (entry.alert.resolved ? news.resolved : news.firing).push_back(entry.alert);
    } else if (entry.alert.resolved) {
      if (told || (entry.told == Told::nothing && whole_in_it)) {
        news.resolved.push_back(entry.alert);
      }
    } else if (!told) {
      news.firing.push_back(entry.alert);
    }
  }
  const bool nothing = news.firing.empty() && news.resolved.empty();
  if (nothing && mode_ == Mode::active) return std::nullopt;
  return news;
}

void MailBook::told(const MailNews& news) {
  for (const OutgoingAlert& alert : news.resolved) {
    const std::string key = alert.key();
    const auto found = entries_.find(key);
    if (found == entries_.end()) continue;
    changed_.insert(key);
    // It may fire again by now, which nobody has been told. Else it is told again to us for a
    // while, and must not be told to anybody else.
    found->second.told = found->second.alert.resolved ? Told::resolved : Told::nothing;
  }
  if (news.kind != MailNews::Kind::over) {
    for (const OutgoingAlert& alert : news.firing) {
      const std::string key = alert.key();
      if (const auto found = entries_.find(key); found != entries_.end()) {
        found->second.told = Told::firing;
        changed_.insert(key);
      }
    }
    begun_ = true;
    changed_.insert(kStateKey);
    return;
  }
  for (auto& [key, entry] : entries_) {
    if (entry.told != Told::nothing) changed_.insert(key);
    entry.told = Told::nothing;
  }
  begun_ = false;
  if (mode_ == Mode::closing) set_mode(Mode::idle);
}

std::optional<std::string> MailBook::row_of(const std::string& key) const {
  if (key == kStateKey) {
    if (mode_ == Mode::idle) return std::nullopt;
    return Json{{"closing", mode_ == Mode::closing}, {"begun", begun_}, {"begin", begin_}}.dump();
  }
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.told == Told::nothing) return std::nullopt;
  return Json{{"alert", kept_alert(found->second.alert)},
              {"resolved", found->second.told == Told::resolved}}
      .dump();
}

void MailBook::restore(const std::string& key, const std::string& json) {
  stored_[key] = json;
  if (key != kStateKey) {
    const Json row = Json::parse(json, nullptr, false);
    const Json kept = row.is_object() ? row.value("alert", Json()) : Json();
    auto alert = kept.is_string() ? read_kept_alert(kept.get<std::string>()) : std::nullopt;
    if (alert && row.value("resolved", Json()).is_boolean()) {
      entries_[key] = {*std::move(alert), row["resolved"] ? Told::resolved : Told::firing};
    } else {
      changed_.insert(key);
    }
    return;
  }
  const Json state = Json::parse(json, nullptr, false);
  if (!state.is_object() || !state.value("begin", Json()).is_number_integer()) {
    changed_.insert(key);
    return;
  }
  mode_ = state.value("closing", false) ? Mode::closing : Mode::active;
  begun_ = state.value("begun", false);
  begin_ = state["begin"].get<std::int64_t>();
}

std::vector<DeliveryChange> MailBook::changes() {
  std::vector<DeliveryChange> changes;
  for (const std::string& key : changed_) {
    auto row = row_of(key);
    const auto stored = stored_.find(key);
    const bool same =
        row ? stored != stored_.end() && stored->second == *row : stored == stored_.end();
    if (same) continue;
    if (row) {
      stored_[key] = *row;
    } else {
      stored_.erase(key);
    }
    changes.push_back({std::string(kTarget), key, std::move(row)});
  }
  changed_.clear();
  return changes;
}

std::vector<DeliveryChange> MailBook::farewell() const {
  std::vector<DeliveryChange> changes;
  changes.reserve(stored_.size());
  for (const auto& [key, json] : stored_) {
    changes.push_back({std::string(kTarget), key, std::nullopt});
  }
  return changes;
}

}  // namespace exporter
