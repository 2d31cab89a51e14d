// The bench for books.
#include "tests/fakes/book_bench.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "exporter/sla/zone.h"

namespace exporter::fakes {

using probes::Reason;
using probes::Status;

Seconds instant(std::string_view text) {
  const auto at = parse_instant(text);
  EXPECT_TRUE(at) << (at ? "" : at.error());
  return at.value_or(Seconds());
}

Service make_service(const ServiceSpec& spec) {
  Service service;
  service.name = spec.name;
  service.formerly = spec.formerly;
  service.valid_from = spec.valid_from;
  service.valid_until = spec.valid_until;
  service.terms = {spec.every, spec.require, spec.degraded_is_good};
  for (const std::string& name : spec.checks) {
    Check check;
    check.service = spec.name;
    check.name = name;
    check.every = spec.every;
    service.checks.push_back(std::move(check));
  }
  return service;
}

Config make_config(const std::vector<ServiceSpec>& services) {
  Config config;
  AgreementTerms terms;
  terms.provider = "Example";
  for (const ServiceSpec& spec : services) {
    config.services.push_back(make_service(spec));
    terms.objectives[spec.name] = Objective{990'000};
  }
  config.agreements.push_back(std::move(terms));
  return config;
}

namespace {

std::pair<Status, Reason> meaning(char letter) {
  switch (letter) {
    case 'u':
      return {Status::up, Reason::none};
    case 'g':
      return {Status::degraded, Reason::slow};
    case 'x':
      return {Status::down, Reason::timeout};
    case 'r':
      return {Status::down, Reason::status};
    case 'l':
      return {Status::unknown, Reason::local};
    case 'n':
      return {Status::unknown, Reason::connect};
    default:
      ADD_FAILURE() << "no attempt is called " << letter;
      return {Status::unknown, Reason::none};
  }
}

}  // namespace

std::vector<Arrival> attempts(const std::string& service, const std::string& check, Seconds slot,
                              std::string_view letters) {
  std::vector<Arrival> arrivals;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    Arrival arrival;
    OutcomeRecord& record = arrival.record;
    record.service = service;
    record.check = check;
    record.slot = slot;
    record.attempt = static_cast<std::uint8_t>(i);
    record.final = letters[i] != 'x' || (i > 0 && i + 1 == letters.size());
    record.at = slot + std::chrono::seconds(5 + 10 * i);
    std::tie(record.status, record.reason) = meaning(letters[i]);
    record.latency = std::chrono::milliseconds(20);
    arrivals.push_back(std::move(arrival));
  }
  return arrivals;
}

BookBench::BookBench(Config initial)
    : config(std::move(initial)), book_(make_book(ledger, tzdata_version)) {}

std::vector<std::string> BookBench::start(Seconds now) {
  auto started = book_->start(std::make_shared<const Config>(config), calendar, now);
  EXPECT_TRUE(started) << (started ? "" : started.error().message);
  snapshot_ = book_->snapshot();
  return started ? *started : std::vector<std::string>();
}

std::string BookBench::start_refused(Seconds now) {
  book_ = make_book(ledger, tzdata_version);
  auto started = book_->start(std::make_shared<const Config>(config), calendar, now);
  EXPECT_FALSE(started);
  return started ? "" : started.error().message;
}

std::vector<std::string> BookBench::reload(Seconds now) {
  auto reloaded = book_->reload(std::make_shared<const Config>(config), calendar, now);
  EXPECT_TRUE(reloaded) << (reloaded ? "" : reloaded.error().message);
  snapshot_ = book_->snapshot();
  return reloaded ? *reloaded : std::vector<std::string>();
}

std::vector<std::string> BookBench::restart(Seconds now) {
  book_ = make_book(ledger, tzdata_version);
  return start(now);
}

void BookBench::slot(Seconds at, std::string_view letters, const std::string& service_name,
                     const std::string& check) {
  const std::chrono::seconds every = service(service_name).terms.every;
  step(at + every, attempts(service_name, check, at, letters));
}

void BookBench::slots(Seconds from, std::int64_t count, std::string_view letters,
                      const std::string& service_name) {
  const std::chrono::seconds every = service(service_name).terms.every;
  for (std::int64_t i = 0; i < count; ++i) {
    slot(from + i * every, letters, service_name, service(service_name).checks.front().name);
  }
}

std::shared_ptr<const Snapshot> BookBench::step(Seconds now, std::vector<Arrival> arrivals) {
  auto stepped = book_->step(std::move(arrivals), now);
  EXPECT_TRUE(stepped) << (stepped ? "" : stepped.error().message);
  if (stepped) snapshot_ = *stepped;
  return snapshot_;
}

const ServiceView& BookBench::view(const std::string& service_name,
                                   const std::string& agreement) const {
  static const ServiceView kNone;
  for (const auto& found : snapshot_->services) {
    if (found->service == service_name && found->agreement == agreement) return *found;
  }
  ADD_FAILURE() << "no view of " << service_name << " under " << agreement;
  return kNone;
}

Service& BookBench::service(const std::string& name) {
  const auto it = std::ranges::find(config.services, name, &Service::name);
  EXPECT_NE(it, config.services.end()) << name;
  return *it;
}

std::string brief(const MonthFigures& figures) {
  const SlotCounts& counts = figures.counts;
  return fmt::format("{}/{}/{}/{}+{}", counts.good, counts.bad, counts.unknown, counts.excluded,
                     figures.pending);
}

}  // namespace exporter::fakes
