// The doors for help desks that tell us of tickets themselves.
//
// `POST /api/v1/tickets/events` takes events in our own format. The bearer token says which source
// they are of. All or nothing: an answer of 200 says that everything in the body is committed or
// was known already, any other that nothing of it was taken. Events carry their own key, so sending
// again is harmless; an Idempotency-Key makes the answer the same as well. Only the sender knows
// when nothing happened: it states up to when it has told everything.
//
// `POST /api/v1/tickets/zammad/<source>` takes Zammad's webhooks, signed with HMAC-SHA1. What they
// say is not believed, only that something happened: the source is read at once.
//
// Handlers run on worker threads; every public function may be called from any thread. docs/api.md
// and docs/sources.md say the same from the outside.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/support.h"
#include "exporter/ticket/event.h"
#include "exporter/web/server.h"

namespace exporter {

struct DeliveredEvents {
  std::vector<TicketEvent> events;
  std::optional<Seconds> read_until;  // everything until then was told, says the sender
  std::size_t ahead = 0;              // events whose instant lies ahead of our clock
};

struct AcceptedEvents {
  std::size_t accepted = 0;
  std::size_t duplicate = 0;  // known before
  std::size_t differing = 0;  // of these: known with other content, which stays
};

// What came in by these doors, by source.
struct WebhookFigures {
  std::uint64_t accepted = 0, duplicates = 0;  // events
  std::uint64_t ahead = 0;  // accepted ones whose instant lay ahead of our clock (skew)
  std::map<std::string, std::uint64_t> refused;  // events, by name_of(EventRefusal::Reason)
  std::uint64_t bad_bodies = 0;                  // requests of which no event could be told apart
  std::uint64_t failed = 0;                      // requests whose events could not be committed
  std::uint64_t unauthorized = 0;                // wrong signatures
  std::uint64_t deliveries = 0, repeated_deliveries = 0;  // of Zammad
};

class TicketEvents {
 public:
  struct Parts {
    // Commits; returns when it is done. The error is for our log, not for the sender.
    std::function<std::expected<AcceptedEvents, std::string>(std::string source,
                                                             DeliveredEvents delivered)>
        commit;
    std::function<void(std::string source)> read_now;
    std::function<Seconds()> now;
  };
  static constexpr std::size_t kMaxEvents = 10'000;  // of one request
  static constexpr std::size_t kMaxListed = 100;     // refused events that an answer names
  static constexpr std::size_t kMaxKey = 255;        // bytes of an Idempotency-Key
  static constexpr std::size_t kRemembered = 1'000;  // keys, and deliveries, of each source

  explicit TicketEvents(Parts parts) : parts_(std::move(parts)) {}

  // At the start and after each reload. What is remembered of a source that stays is kept.
  void configure(const std::vector<TicketSource>& sources);
  // Handlers hold this object, which must outlive the server.
  std::vector<Route> routes();

  std::map<std::string, WebhookFigures> figures() const;
  // Requests that no source could be blamed for: wrong tokens, unknown names.
  std::uint64_t unauthorized() const;

 private:
  // What a key stands for: the request it came with and, once that is known, the answer.
  struct Remembered {
    std::string body_digest;
    std::optional<WebResponse> answer;  // absent: still being worked on
  };
  struct Source {
    TicketSource::Type type = TicketSource::Type::webhook;
    probes::Secret secret;
    std::map<std::string, Remembered> keys;
    std::deque<std::string> key_order;
    std::set<std::string> deliveries;
    std::deque<std::string> delivery_order;
    WebhookFigures figures;
  };

  WebResponse take_events(const WebRequest& request);
  WebResponse take_new(const std::string& source, const WebRequest& request, const std::string& key,
                       std::string digest);
  WebResponse read_events(const std::string& source, std::string_view body);
  WebResponse commit(const std::string& source, DeliveredEvents delivered);
  WebResponse take_zammad(const WebRequest& request);
  bool is_fresh_delivery(const std::string& source, const std::string& delivery);

  std::optional<std::string> source_of_token(std::string_view authorization);
  void note(const std::string& source, const std::function<void(WebhookFigures&)>& change);
  void forget_old_keys(Source& source);

  const Parts parts_;
  mutable std::mutex mutex_;  // for what follows; never held while committing
  std::map<std::string, Source> sources_;
  std::uint64_t unauthorized_ = 0;
};

}  // namespace exporter
