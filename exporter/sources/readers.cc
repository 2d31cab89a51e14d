#include "exporter/sources/readers.h"

#include "exporter/sources/event_file.h"
#include "exporter/sources/rt.h"
#include "exporter/sources/zammad.h"

namespace exporter {

std::unique_ptr<TicketReader> make_reader(const TicketSource& source, probes::Net& net,
                                          const std::vector<LevelTerms>& levels) {
  switch (source.type) {
    case TicketSource::Type::rt:
      return std::make_unique<RtReader>(net, source, levels);
    case TicketSource::Type::zammad:
      return std::make_unique<ZammadReader>(net, source, levels);
    case TicketSource::Type::webhook:
      break;
    case TicketSource::Type::file:
      return std::make_unique<EventFile>(source);
  }
  return nullptr;
}

}  // namespace exporter
