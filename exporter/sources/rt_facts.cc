#include "exporter/sources/rt_facts.h"

#include <algorithm>

namespace exporter {

bool is_change(const RtTransaction& row) {
  if (row.type == "Set") return row.field == "Queue" || row.field == "Priority";
  return row.type == "Status" || row.type == "CustomField";
}

RtFacts::RtFacts(std::int64_t id, RtTicket now, const std::vector<RtTransaction>& history)
    : now_(std::move(now)), opened_(now_.created) {
  for (const RtTransaction& row : history) {
    if (row.ticket != id) continue;
    if (row.type == "Create") opened_ = row.created;
    note(row);
  }
}

void RtFacts::note(const RtTransaction& change) {
  if (!is_change(change)) return;
  const auto at = std::ranges::lower_bound(changes_, change.id, {}, &RtTransaction::id);
  if (at != changes_.end() && at->id == change.id) return;
  changes_.insert(at, change);
}

bool RtFacts::is_requestor(const std::string& account) const {
  return std::ranges::find(now_.requestors, account) != now_.requestors.end();
}

std::string RtFacts::field_name(const std::string& id) const {
  const auto found = now_.fields.find(id);
  return found == now_.fields.end() ? std::string() : found->second;
}

const std::string* RtFacts::changed(std::string_view type, std::string_view field,
                                    std::int64_t at) const {
  const std::string* value = nullptr;
  for (const RtTransaction& change : changes_) {
    if (change.type != type || (type != "Status" && change.field != field)) continue;
    if (change.id > at) return value != nullptr ? value : &change.old_value;
    value = &change.new_value;
  }
  return value;
}

RtFacts::Queue RtFacts::queue(std::int64_t at) const {
  if (const std::string* id = changed("Set", "Queue", at)) return {*id, true};
  return {now_.queue, false};
}

std::string RtFacts::status(std::int64_t at) const {
  const std::string* value = changed("Status", "", at);
  return value != nullptr ? *value : now_.status;
}

std::string RtFacts::priority(std::int64_t at) const {
  const std::string* value = changed("Set", "Priority", at);
  return value != nullptr ? *value : now_.priority;
}

std::vector<std::string> RtFacts::field(const std::string& name, std::int64_t at) const {
  for (const auto& [id, theirs] : now_.fields) {
    if (theirs != name) continue;
    if (const std::string* value = changed("CustomField", id, at)) return {*value};
    const auto values = now_.values.find(id);
    if (values != now_.values.end()) return values->second;
  }
  return {};
}

}  // namespace exporter
