#include "exporter/alerts/queue.h"

#include <algorithm>

namespace exporter {
namespace {

// So many bad alerts are known by name; further ones are found again by halving.
constexpr std::size_t kMaxBad = 1000;

bool is_outdated(const OutgoingAlert& alert, std::int64_t now) {
  return alert.ends_at + (alert.resolved ? AlertQueue::kTellEndsFor : 0) <= now;
}

}  // namespace

void AlertQueue::push(OutgoingAlert alert) {
  std::string key = alert.key();
  changed_.insert(key);
  if (const auto found = places_.find(key); found != places_.end()) {
    found->second->alert = std::move(alert);
    found->second->version = ++last_version_;
    return;
  }
  if (entries_.size() >= kCapacity) {
    erase(entries_.begin());
    ++dropped_;
  }
  entries_.push_back({key, std::move(alert), ++last_version_});
  places_.emplace(std::move(key), std::prev(entries_.end()));
}

void AlertQueue::restore(OutgoingAlert alert) {
  stored_.insert(alert.key());
  push(std::move(alert));
}

void AlertQueue::erase(Entries::iterator entry) {
  changed_.insert(entry->key);
  places_.erase(entry->key);
  entries_.erase(entry);
}

void AlertQueue::add(Batch& batch, const Entry& entry) const {
  batch.alerts.push_back(entry.alert);
  batch.versions.push_back(entry.version);
}

void AlertQueue::drop_outdated(std::int64_t now) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (is_outdated(entry->alert, now)) {
      erase(entry);
      ++outdated_;
    }
    entry = next;
  }
}

AlertQueue::Batch AlertQueue::next_suspects() {
  Batch batch;
  batch.suspect = true;
  while (!suspects_.empty() && batch.empty()) {
    for (const std::string& key : suspects_.front()) {
      const auto found = places_.find(key);
      if (found != places_.end()) add(batch, *found->second);
    }
    if (batch.empty()) suspects_.pop_front();
  }
  return batch;
}

AlertQueue::Batch AlertQueue::next(std::int64_t now) {
  drop_outdated(now);
  if (Batch suspects = next_suspects(); !suspects.empty()) return suspects;
  Batch batch;
  for (const Entry& entry : entries_) {
    const bool bad = bad_.contains(entry.key);
    if (bad && !batch.empty()) continue;
    add(batch, entry);
    if (bad || batch.alerts.size() == kMaxBatch) break;
  }
  return batch;
}

void AlertQueue::accepted(const Batch& batch) {
  if (batch.suspect && !suspects_.empty()) suspects_.pop_front();
  for (std::size_t i = 0; i < batch.alerts.size(); ++i) {
    const std::string key = batch.alerts[i].key();
    bad_.erase(key);
    const auto found = places_.find(key);
    // A newer version has come while this one was under way.
    if (found == places_.end() || found->second->version != batch.versions[i]) continue;
    erase(found->second);
  }
}

bool AlertQueue::refused(const Batch& batch) {
  if (batch.suspect && !suspects_.empty()) suspects_.pop_front();
  if (batch.alerts.size() > 1) {
    std::vector<std::string> keys;
    keys.reserve(batch.alerts.size());
    for (const OutgoingAlert& alert : batch.alerts) keys.push_back(alert.key());
    const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
    suspects_.emplace_front(middle, keys.end());
    suspects_.emplace_front(keys.begin(), middle);
    return false;
  }
  if (batch.empty()) return false;
  const std::string key = batch.alerts.front().key();
  if (bad_.size() < kMaxBad) bad_.insert(key);
  const auto found = places_.find(key);
  if (found != places_.end() && found->second->version == batch.versions.front()) {
    erase(found->second);
  }
  ++dropped_;
  return true;
}

std::vector<DeliveryChange> AlertQueue::changes() {
  std::vector<DeliveryChange> changes;
  for (const std::string& key : changed_) {
    const auto found = places_.find(key);
    if (found != places_.end()) {
      changes.push_back({target_, key, kept_alert(found->second->alert)});
      stored_.insert(key);
    } else if (stored_.erase(key) != 0) {
      changes.push_back({target_, key, std::nullopt});
    }
  }
  changed_.clear();
  return changes;
}

std::vector<DeliveryChange> AlertQueue::farewell() const {
  std::vector<DeliveryChange> changes;
  changes.reserve(stored_.size());
  for (const std::string& key : stored_) changes.push_back({target_, key, std::nullopt});
  return changes;
}

}  // namespace exporter
