#include "exporter/web/ticket_events.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "exporter/log.h"
#include "exporter/ticket/foreign_event.h"
#include "exporter/web/accept.h"
#include "exporter/web/json_values.h"

namespace exporter {
namespace {

using nlohmann::json;

constexpr std::string_view kEventsPath = "/api/v1/tickets/events";
constexpr std::string_view kZammadPath = "/api/v1/tickets/zammad/";

std::string header(const WebRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

WebResponse reply(int status, const json& body) {
  WebResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return response;
}

WebResponse reply_error(int status, std::string_view error) {
  return reply(status, {{"error", error}});
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

// Takes the same time wherever the two differ, and however long they are.
bool same_secret(std::string_view a, std::string_view b) {
  const std::string digest_a = sha256(a), digest_b = sha256(b);
  return CRYPTO_memcmp(digest_a.data(), digest_b.data(), digest_a.size()) == 0;
}

// As Zammad writes X-Hub-Signature.
std::string signature_of(std::string_view body, const std::string& secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data(), &size);
  std::string text = "sha1=";
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size() ||
      !equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme))
    return {};
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization;
}

WebResponse unauthorized_events() {
  WebResponse response =
      reply_error(401, "the bearer token is not that of a source of type webhook");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

void remember(std::set<std::string>& set, std::deque<std::string>& order, std::string text,
              std::size_t at_most) {
  order.push_back(text);
  set.insert(std::move(text));
  if (order.size() <= at_most) return;
  set.erase(order.front());
  order.pop_front();
}

struct Refusals {
  json listed = json::array();
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t total = 0;

  void add(std::size_t index, const EventRefusal& refusal) {
    ++total;
    ++counts[std::string(name_of(refusal.reason))];
    if (listed.size() < TicketEvents::kMaxListed)
      listed.push_back({{"index", index}, {"error", refusal.message}});
  }
};

// One value of a body: an event, or up to when everything was told. What is wrong with it, if
// anything.
std::optional<EventRefusal> take_value(std::string_view text, const std::string& source,
                                       Seconds now, DeliveredEvents& delivered) {
  if (const auto stated = read_statement(text, now)) {
    if (!*stated) return stated->error();
    delivered.read_until = std::max(delivered.read_until.value_or(**stated), **stated);
    return std::nullopt;
  }
  auto event = read_foreign_event(text, source, now);
  if (!event) return std::move(event).error();
  if (event->at > now) ++delivered.ahead;
  delivered.events.push_back(*std::move(event));
  return std::nullopt;
}

}  // namespace

void TicketEvents::configure(const std::vector<TicketSource>& sources) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Source> kept;
  for (const TicketSource& source : sources) {
    if (source.type != TicketSource::Type::webhook && source.type != TicketSource::Type::zammad)
      continue;
    auto node = sources_.extract(source.name);
    Source state = node.empty() ? Source() : std::move(node.mapped());
    state.type = source.type;
    state.secret = source.secret;
    kept.emplace(source.name, std::move(state));
  }
  sources_ = std::move(kept);
}

std::vector<Route> TicketEvents::routes() {
  Route events{{"POST"}, std::string(kEventsPath), nullptr, true};
  events.handler = [this](const WebRequest& request) { return take_events(request); };
  events.guards_itself = true;
  Route zammad{{"POST"}, std::string(kZammadPath) + "*", nullptr, true};
  zammad.handler = [this](const WebRequest& request) { return take_zammad(request); };
  zammad.guards_itself = true;
  return {std::move(events), std::move(zammad)};
}

std::map<std::string, WebhookFigures> TicketEvents::figures() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, WebhookFigures> figures;
  for (const auto& [name, source] : sources_) figures.emplace(name, source.figures);
  return figures;
}

std::uint64_t TicketEvents::unauthorized() const {
  const std::lock_guard lock(mutex_);
  return unauthorized_;
}

void TicketEvents::note(const std::string& source,
                        const std::function<void(WebhookFigures&)>& change) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  if (found != sources_.end()) change(found->second.figures);
}

// Every token is compared, so that the time does not tell which of them came close.
std::optional<std::string> TicketEvents::source_of_token(std::string_view authorization) {
  const std::string_view token = bearer_token(authorization);
  const std::lock_guard lock(mutex_);
  std::optional<std::string> match;
  for (const auto& [name, source] : sources_) {
    if (source.type != TicketSource::Type::webhook || source.secret.empty()) continue;
    if (same_secret(token, source.secret.reveal())) match = name;
  }
  if (!match) ++unauthorized_;
  return match;
}

WebResponse TicketEvents::take_events(const WebRequest& request) {
  const auto source = source_of_token(header(request, "authorization"));
  if (!source) return unauthorized_events();
  const std::string key = header(request, "idempotency-key");
  if (key.empty()) return read_events(*source, request.body);
  if (key.size() > kMaxKey)
    return reply_error(400, fmt::format("the Idempotency-Key is longer than {} bytes", kMaxKey));

  std::string digest = sha256(request.body);
  {
    const std::lock_guard lock(mutex_);
    const auto found = sources_.find(*source);
    if (found == sources_.end()) return unauthorized_events();
    const auto [entry, fresh] = found->second.keys.try_emplace(key, Remembered{digest, {}});
    if (!fresh && entry->second.body_digest != digest)
      return reply_error(422, "this Idempotency-Key came with another body before");
    if (!fresh && !entry->second.answer)
      return reply_error(409, "the request with this Idempotency-Key is still being worked on");
    if (!fresh) {
      WebResponse answer = *entry->second.answer;
      answer.headers.emplace_back("Idempotency-Replayed", "true");
      return answer;
    }
  }
  return take_new(*source, request, key, std::move(digest));
}

// The answer is kept when the events are: a request that was refused may be mended and sent again
// under its key.
WebResponse TicketEvents::take_new(const std::string& source, const WebRequest& request,
                                   const std::string& key, std::string digest) {
  // Also when something throws, nobody must wait for ever for this key.
  struct Release {
    TicketEvents& all;
    const std::string& source;
    const std::string& key;
    Remembered result;
    ~Release() {
      const std::lock_guard lock(all.mutex_);
      const auto found = all.sources_.find(source);
      if (found == all.sources_.end()) return;
      if (!result.answer) {
        found->second.keys.erase(key);
        return;
      }
      found->second.keys[key] = std::move(result);
      found->second.key_order.push_back(key);
      all.forget_old_keys(found->second);
    }
  } release{*this, source, key, {std::move(digest), {}}};
  WebResponse answer = read_events(source, request.body);
  if (answer.status == 200) release.result.answer = answer;
  return answer;
}

void TicketEvents::forget_old_keys(Source& source) {
  while (source.key_order.size() > kRemembered) {
    source.keys.erase(source.key_order.front());
    source.key_order.pop_front();
  }
}

WebResponse TicketEvents::read_events(const std::string& source, std::string_view body) {
  const auto values = split_json_values(body, kMaxEvents);
  if (!values) {
    note(source, [](WebhookFigures& figures) { ++figures.bad_bodies; });
    return reply_error(400, values.error());
  }
  const Seconds now = parts_.now();
  DeliveredEvents delivered;
  Refusals refusals;
  for (std::size_t i = 0; i < values->size(); ++i) {
    if (const auto wrong = take_value((*values)[i], source, now, delivered)) {
      refusals.add(i, *wrong);
    }
  }
  if (refusals.total == 0) return commit(source, std::move(delivered));
  note(source, [&](WebhookFigures& figures) {
    for (const auto& [reason, count] : refusals.counts) figures.refused[reason] += count;
  });
  return reply(422, {{"error", fmt::format("{} of {} events are refused, so none was taken",
                                           refusals.total, values->size())},
                     {"accepted", 0},
                     {"duplicate", 0},
                     {"refused", std::move(refusals.listed)}});
}

WebResponse TicketEvents::commit(const std::string& source, DeliveredEvents delivered) {
  AcceptedEvents taken;
  const std::size_t ahead = delivered.ahead;
  if (!delivered.events.empty() || delivered.read_until) {
    const auto result = parts_.commit(source, std::move(delivered));
    if (!result) {
      log_error("events of a ticket source were not committed and are to be sent again",
                {{"source", source}, {"err", result.error()}});
      note(source, [](WebhookFigures& figures) { ++figures.failed; });
      WebResponse response =
          reply_error(503, "the events could not be stored, none was taken: send them again");
      response.headers.emplace_back("Retry-After", "5");
      return response;
    }
    taken = *result;
  }
  note(source, [&](WebhookFigures& figures) {
    figures.accepted += taken.accepted;
    figures.duplicates += taken.duplicate;
    figures.ahead += ahead;
  });
  json answer{
      {"accepted", taken.accepted}, {"duplicate", taken.duplicate}, {"refused", json::array()}};
  if (taken.differing > 0) {
    answer["differing"] = taken.differing;
    answer["warning"] =
        "events are known with other content, which stays: give a new event a seq of its own";
  }
  return reply(200, answer);
}

// A source that does not exist is told from a wrong signature neither by the answer nor by its
// time.
WebResponse TicketEvents::take_zammad(const WebRequest& request) {
  const std::string name = request.path.substr(std::min(kZammadPath.size(), request.path.size()));
  std::string secret;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sources_.find(name);
    if (found != sources_.end() && found->second.type == TicketSource::Type::zammad)
      secret = found->second.secret.reveal();
  }
  const bool matches =
      same_secret(header(request, "x-hub-signature"), signature_of(request.body, secret));
  if (!matches || secret.empty()) {
    const std::lock_guard lock(mutex_);
    const auto found = sources_.find(name);
    ++(secret.empty() || found == sources_.end() ? unauthorized_
                                                 : found->second.figures.unauthorized);
    return reply_error(401, "the signature is not that of a source of type zammad");
  }
  const bool fresh = is_fresh_delivery(name, header(request, "x-zammad-delivery"));
  if (fresh) parts_.read_now(name);
  return reply(202, {{"reading", fresh}});
}

// Zammad sends a webhook again when it saw no answer, under the same id.
bool TicketEvents::is_fresh_delivery(const std::string& name, const std::string& delivery) {
  const std::string id = delivery.substr(0, kMaxKey);
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(name);
  if (found == sources_.end()) return false;
  Source& source = found->second;
  ++source.figures.deliveries;
  if (id.empty()) return true;
  if (source.deliveries.contains(id)) {
    ++source.figures.repeated_deliveries;
    return false;
  }
  remember(source.deliveries, source.delivery_order, id, kRemembered);
  return true;
}

}  // namespace exporter
