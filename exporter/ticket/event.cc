#include "exporter/ticket/event.h"

#include <algorithm>
#include <array>
#include <utility>

namespace exporter {
namespace {

using Type = TicketEventType;

// In the order of the enumerations.
constexpr auto kTypes = std::to_array<std::string_view>(
    {"opened",        "auto_reply", "reaction", "note",       "escalated",
     "routed",        "returned",   "waiting",  "resumed",    "customer_replied",
     "customer_auto", "closed",     "reopened", "spam",       "deleted",
     "merged",        "carry",      "assigned", "attributes", "checked_item"});
constexpr auto kActors = std::to_array<std::string_view>({"customer", "agent", "system"});
static_assert(kTypes.size() == std::to_underlying(Type::checked_item) + 1);
static_assert(kActors.size() == std::to_underlying(TicketActor::system) + 1);

template <class T, std::size_t N>
std::optional<T> find_name(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<T>(found - names.begin());
}

}  // namespace

std::string_view name_of(TicketEventType type) {
  return kTypes[static_cast<std::size_t>(std::to_underlying(type))];
}

std::optional<TicketEventType> ticket_event_type(std::string_view name) {
  return find_name<TicketEventType>(kTypes, name);
}

std::string_view name_of(TicketActor actor) {
  return kActors[static_cast<std::size_t>(std::to_underlying(actor))];
}

std::optional<TicketActor> ticket_actor(std::string_view name) {
  return find_name<TicketActor>(kActors, name);
}

}  // namespace exporter
