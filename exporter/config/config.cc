// What the plain configuration values can say about themselves.
#include "exporter/config/config.h"

namespace exporter {
namespace {

// Checks share modules, and two loads of one file do not share them: equality is by value.
bool same_module(const std::shared_ptr<const probes::Module>& a,
                 const std::shared_ptr<const probes::Module>& b) {
  return a == b || (a && b && *a == *b);
}

}  // namespace

Duration Check::work() const {
  return (1 + confirm.retries) * timeout + confirm.retries * confirm.after +
         std::chrono::seconds(1);
}

bool Check::operator==(const Check& other) const {
  return service == other.service && name == other.name && target == other.target &&
         hostname == other.hostname && same_module(module, other.module) && every == other.every &&
         timeout == other.timeout && slow_after == other.slow_after && confirm == other.confirm &&
         counts == other.counts && blackbox_families == other.blackbox_families;
}

bool Config::operator==(const Config& other) const {
  if (modules.size() != other.modules.size()) return false;
  for (auto a = modules.begin(), b = other.modules.begin(); a != modules.end(); ++a, ++b) {
    if (a->first != b->first || !same_module(a->second, b->second)) return false;
  }
  return place == other.place && connectivity == other.connectivity &&
         agreements == other.agreements && services == other.services && windows == other.windows &&
         maintenance_calendars == other.maintenance_calendars && retention == other.retention &&
         alerting == other.alerting && support == other.support && contact == other.contact;
}

}  // namespace exporter
