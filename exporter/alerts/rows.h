// What of the deliveries is kept over a restart, as rows of the store that the program has. Plain
// values.
#pragma once

#include <optional>
#include <string>

namespace exporter {

struct DeliveryRow {
  std::string target;  // whose row it is: an Alertmanager's URL, or "mail"
  std::string key;     // together they name the row
  std::string json;
  bool operator==(const DeliveryRow&) const = default;
};

// The row of that name is now this, or is gone.
struct DeliveryChange {
  std::string target, key;
  std::optional<std::string> json;
  bool operator==(const DeliveryChange&) const = default;
};

}  // namespace exporter
