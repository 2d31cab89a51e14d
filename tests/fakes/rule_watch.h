// The shipped rules at work on virtual time: what an exporter exposes goes into a series store, as
// the exporter itself samples it or as a Prometheus that scrapes it would; the rule files are read
// and evaluated when they are due; and every alert that fires or resolves is noted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/snapshot.h"
#include "rules/group/evaluate.h"
#include "rules/group/slots.h"
#include "rules/series/store.h"

namespace exporter::fakes {

// The series of a page that rules on availability may ask for, and their values in the same order;
// what is not on the page has none.
std::vector<rules::Labels> exposed_labels(const Snapshot& snapshot);
std::vector<std::optional<double>> exposed_values(const Snapshot& snapshot);

struct AlertEvent {
  std::int64_t at = 0;  // milliseconds
  std::string alert, agreement, service, severity;
  bool fires = false;  // else it resolves
};

class RuleWatch {
 public:
  // `scrape_every`: a Prometheus looks so often, in milliseconds, and adds the target's labels.
  // Without it the exporter itself samples before each evaluation.
  RuleWatch(const std::vector<std::filesystem::path>& files, std::int64_t start,
            std::optional<std::int64_t> scrape_every = {});

  // Asked before a group without alerts is evaluated: one that cannot hold need not be, which makes
  // a thousand months affordable. Absent: all are.
  using MayHold = std::function<bool(const std::string& group, const Snapshot&, std::int64_t at)>;
  void skip_unless(MayHold may_hold) { may_hold_ = std::move(may_hold); }

  // When somebody looks next.
  std::int64_t next() const;
  // What happens then, with this snapshot on the page; none while the exporter is down.
  void look(const Snapshot* snapshot);

  const std::vector<AlertEvent>& events() const { return events_; }
  // Errors of rules, each once. A test wants none.
  const std::map<std::string, std::string>& errors() const { return errors_; }

 private:
  struct Group {
    rules::RuleGroup rules;
    rules::Slots slots;
    std::int64_t next = 0;
    rules::GroupState state;
  };
  struct Sampled {
    rules::Labels labels;  // as stored
    std::int64_t at = 0;
    std::optional<double> value;
  };
  void know(const Snapshot& snapshot);
  void sample(const Snapshot* snapshot, std::int64_t at);
  bool may_hold(const Group& group, const Snapshot* snapshot) const;
  void evaluate(Group& group);
  void note(const rules::Rule& rule, const rules::RuleState& before, const rules::RuleState& after,
            std::int64_t at);

  std::vector<Group> groups_;
  rules::GroupSettings settings_;
  rules::series::Store store_;
  std::optional<std::int64_t> scrape_every_;
  std::int64_t next_scrape_ = 0, next_retirement_ = 0;
  std::vector<Sampled> sampled_;  // in the order of exposed_labels()
  MayHold may_hold_;
  std::vector<AlertEvent> events_;
  std::map<std::string, std::string> errors_;
};

}  // namespace exporter::fakes
