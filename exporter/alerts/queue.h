// What one Alertmanager has still to be told. The newest version of an alert takes the place of the
// one that waits, so that a long outage costs an entry an alert, not an entry a minute. An alert
// leaves when the version that waits was accepted, when it was refused alone, when kCapacity is
// reached (the oldest goes), or when it is past telling: a firing alert whose end has come would be
// read as resolved (it is told again while it fires, with a later end), and a resolved one is of no
// use a day later. Pure; used under the owner's lock.
//
// Of a batch that was refused nobody says which alert was bad, and the good ones have been taken.
// So its halves are sent on their own until the bad alert stands alone. It will come again at every
// resend, and is then sent alone at once.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/alerts/message.h"
#include "exporter/alerts/rows.h"

namespace exporter {

class AlertQueue {
 public:
  static constexpr std::size_t kCapacity = 10'000, kMaxBatch = 256;
  static constexpr std::int64_t kTellEndsFor = 24 * 3'600'000;  // milliseconds

  explicit AlertQueue(std::string target) : target_(std::move(target)) {}

  void push(OutgoingAlert alert);
  // An alert that waited when the program ended; its row is in the store.
  void restore(OutgoingAlert alert);

  // What to send now, the oldest first. Only one batch is under way at a time.
  struct Batch {
    std::vector<OutgoingAlert> alerts;
    std::vector<std::uint64_t> versions;  // beside the alerts
    bool suspect = false;                 // part of a refused one
    bool empty() const { return alerts.empty(); }
  };
  Batch next(std::int64_t now);
  void accepted(const Batch& batch);
  // Gives up the alert of a batch of one; true if there was one to give up.
  bool refused(const Batch& batch);

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::uint64_t dropped() const { return dropped_; }    // since ever: for want of room, or refused
  std::uint64_t outdated() const { return outdated_; }  // since ever: past telling

  // What has changed since this was asked last.
  std::vector<DeliveryChange> changes();
  // The rows that the store has of this queue, gone: for a target that is no longer configured.
  std::vector<DeliveryChange> farewell() const;

 private:
  struct Entry {
    std::string key;
    OutgoingAlert alert;
    std::uint64_t version = 0;
  };
  using Entries = std::list<Entry>;  // in the order in which they came to wait

  void erase(Entries::iterator entry);
  void add(Batch& batch, const Entry& entry) const;
  void drop_outdated(std::int64_t now);
  Batch next_suspects();

  std::string target_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> places_;
  std::uint64_t last_version_ = 0, dropped_ = 0, outdated_ = 0;
  std::deque<std::vector<std::string>> suspects_;  // keys of parts, to be sent before all else
  std::set<std::string> bad_;                      // keys that were refused alone
  std::set<std::string> changed_, stored_;
};

}  // namespace exporter
