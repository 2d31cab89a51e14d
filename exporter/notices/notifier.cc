#include "exporter/notices/notifier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "exporter/alerts/mail_text.h"
#include "exporter/alerts/mailer.h"
#include "exporter/log.h"
#include "probes/async/later.h"

namespace exporter {

using probes::HttpAnswer;
using probes::Later;
using probes::Loop;
using probes::Task;
using probes::TimePoint;

namespace {

constexpr std::array kSending = {NoticeChannel::mail, NoticeChannel::webhook, NoticeChannel::note};

probes::ProbeRequest hook_request(const NoticeRow& row, const TicketNotices::Team& team) {
  probes::HttpModule http = http_module(HttpClientOptions{});
  http.method = "POST";
  http.body = row.content;
  http.headers.emplace_back("Content-Type", "application/json");
  http.headers.emplace_back("Idempotency-Key", row.id);
  return probes::http_request(
      "notice", std::move(http),
      team.webhook_url.empty() ? team.webhook_secret_url.reveal() : team.webhook_url);
}

}  // namespace

Notifier::Notifier(NotifierParts parts) : parts_(std::move(parts)) {}

Seconds Notifier::wall_now() const {
  return std::chrono::floor<std::chrono::seconds>(parts_.net.loop().wall_now());
}

void Notifier::start() {
  for (const NoticeChannel channel : kSending) {
    way(channel).task = parts_.net.loop().spawn(run(shared_from_this(), channel));
  }
  tick();
}

void Notifier::stop() {
  if (std::exchange(stopped_, true)) return;
  Loop& loop = parts_.net.loop();
  if (timer_ != 0) loop.cancel(timer_);
  for (const Way& each : ways_) loop.cancel_spawned(each.task);
  parts_.leave_note = nullptr;
}

// A step that is still under way, because of a slow disk, is not overtaken.
void Notifier::tick() {
  Loop& loop = parts_.net.loop();
  timer_ = loop.call_at(loop.now() + kStep, [this] { tick(); });
  if (std::exchange(step_under_way_, true)) return;
  parts_.executor.post([self = shared_from_this(), &loop, now = wall_now()] {
    loop.post_from_any_thread([self, rows = self->parts_.book->step(now)] { self->add(rows); });
  });
}

void Notifier::add(std::vector<NoticeRow> rows) {
  step_under_way_ = false;
  for (NoticeRow& row : rows) {
    const Seconds at = row.next_try;
    if (row.channel != NoticeChannel::recorded) {
      way(row.channel).waiting.emplace(at, std::move(row));
    }
  }
}

Task<void> Notifier::run(std::shared_ptr<Notifier> self, NoticeChannel channel) {
  Loop& loop = self->parts_.net.loop();
  while (!self->stopped_) {
    std::optional<NoticeRow> row = self->next(channel);
    if (!row) {
      const TimePoint later = loop.now() + kStep;
      co_await sleep_until(loop, later);
      continue;
    }
    NoticeRow attempt = *row;
    const Tried tried = co_await self->deliver(std::move(attempt));
    if (self->stopped_) co_return;
    NoticeRow judged = self->judge(*std::move(row), tried);
    co_await self->settle(std::move(judged));
  }
}

std::optional<NoticeRow> Notifier::next(NoticeChannel channel) {
  auto& waiting = way(channel).waiting;
  if (waiting.empty() || waiting.begin()->first > wall_now()) return std::nullopt;
  return std::move(waiting.extract(waiting.begin()).mapped());
}

// --- an attempt --------------------------------------------------------------------------------

Task<Notifier::Tried> Notifier::deliver(NoticeRow row) {
  switch (row.channel) {
    case NoticeChannel::mail:
      co_return co_await deliver_mail(std::move(row));
    case NoticeChannel::webhook:
      co_return co_await deliver_hook(std::move(row));
    case NoticeChannel::note:
      co_return co_await deliver_note(std::move(row));
    case NoticeChannel::recorded:
      break;
  }
  co_return Tried::nobody;
}

const TicketNotices::Team* Notifier::team(const NoticeRow& row) const {
  const auto found = settings_.teams.find(row.key.level);
  return found == settings_.teams.end() ? nullptr : &found->second;
}

probes::Mail Notifier::mail_of(const NoticeRow& row, const TicketNotices::Team& team) const {
  const std::string& from = settings_.mail.from;
  const std::string domain = from.substr(from.rfind('@') + 1);
  const MailFrame frame{.from = from,
                        .to = team.mail_to,
                        .place = "",
                        .message_id = fmt::format("{}@{}", row.id, domain),
                        .date = row.at,
                        .after = {}};
  const std::size_t end = row.content.find('\n');
  const std::string_view content = row.content;
  const bool both = end != std::string::npos;
  return {.from = from,
          .to = team.mail_to,
          .content = plain_mail(frame, content.substr(0, end),
                                both ? content.substr(end + 1) : std::string_view())};
}

Task<Notifier::Tried> Notifier::deliver_mail(NoticeRow row) {
  const TicketNotices::Team* const hearing = team(row);
  const bool heard = hearing && !hearing->mail_to.empty() && settings_.mail.configured();
  if (!heard) co_return Tried::nobody;
  probes::MailServer server = mail_server(settings_.mail, parts_.host);
  probes::Mail mail = mail_of(row, *hearing);
  const TimePoint deadline = parts_.net.loop().now() + kTimeout;
  const probes::Result<probes::MailTaken> taken =
      co_await send_mail(parts_.net, std::move(server), std::move(mail), deadline);
  if (!taken) {
    way(NoticeChannel::mail).trouble = taken.error().message;
    co_return Tried::refused;
  }
  if (!taken->refused.empty()) {
    log_warn("a notice about a ticket was not taken for everybody",
             {{"level", row.key.level},
              {"refused", fmt::format("{}", fmt::join(taken->refused, "; "))}});
  }
  co_return Tried::taken;
}

Task<Notifier::Tried> Notifier::deliver_hook(NoticeRow row) {
  const TicketNotices::Team* const hearing = team(row);
  const bool heard =
      hearing && (!hearing->webhook_url.empty() || !hearing->webhook_secret_url.empty());
  if (!heard) co_return Tried::nobody;
  probes::ProbeRequest request = hook_request(row, *hearing);
  const TimePoint deadline = parts_.net.loop().now() + kTimeout;
  const HttpAnswer answer = co_await ask_http(parts_.net, std::move(request), deadline);
  // After a redirect that made a GET of it, nobody has read the notice.
  if (answer.outcome.good() && answer.as_asked) co_return Tried::taken;
  way(NoticeChannel::webhook).trouble =
      answer.outcome.good() ? "a redirect led elsewhere; configure the address it leads to"
                            : answer.outcome.message;
  co_return Tried::refused;
}

Task<Notifier::Tried> Notifier::deliver_note(NoticeRow row) {
  Loop& loop = parts_.net.loop();
  const Later<bool> later(loop);
  const bool asked = parts_.leave_note(row.key.source, row.key.ticket, row.content,
                                       [later](bool left) { later.set(left); });
  if (!asked) co_return Tried::nobody;
  const TimePoint deadline = loop.now() + kTimeout;
  const std::optional<bool> left = co_await later.until(deadline);
  way(NoticeChannel::note).trouble =
      left ? "the help desk did not take the note" : "no answer within a minute";
  co_return left.value_or(false) ? Tried::taken : Tried::refused;
}

// --- what came of it ---------------------------------------------------------------------------

NoticeRow Notifier::judge(NoticeRow row, Tried tried) {
  const Seconds now = wall_now();
  ++row.tries;
  const bool given_up = tried == Tried::nobody || now - row.at >= kGiveUpAfter;
  if (tried == Tried::taken) {
    row.state = NoticeState::sent;
  } else if (given_up) {
    row.state = NoticeState::failed;
  } else {
    constexpr int kDoublings = 6;
    row.next_try =
        now + std::min(kFirstPause * (1 << std::min(row.tries - 1, kDoublings)), kLongestPause);
  }
  if (tried != Tried::nobody) note_health(row, tried == Tried::taken);
  if (row.state == NoticeState::failed) {
    log_error("a notice about a ticket was given up",
              {{"level", row.key.level},
               {"stage", std::string(name_of(row.key.stage))},
               {"way", std::string(name_of(row.channel))},
               {"error", tried == Tried::nobody ? "nobody is to hear of it any more"
                                                : way(row.channel).trouble}});
  }
  return row;
}

// While the result is not in the file nothing more is sent this way.
Task<void> Notifier::settle(NoticeRow row) {
  Loop& loop = parts_.net.loop();
  const std::function<bool()> settle = [book = parts_.book, row] { return book->settle(row); };
  const std::function<bool()> retry = [book = parts_.book] { return book->write_settled(); };
  bool written = co_await on_desk(settle);
  while (!written && !stopped_) {
    const TimePoint later = loop.now() + kStep;
    co_await sleep_until(loop, later);
    written = co_await on_desk(retry);
  }
  if (row.state != NoticeState::waiting) co_return;
  const Seconds at = row.next_try;
  way(row.channel).waiting.emplace(at, std::move(row));
}

Task<bool> Notifier::on_desk(std::function<bool()> job) {
  Loop& loop = parts_.net.loop();
  const Later<bool> later(loop);
  parts_.executor.post([later, &loop, job = std::move(job)] {
    loop.post_from_any_thread([later, done = job()] { later.set(done); });
  });
  const TimePoint never = TimePoint::max();
  const std::optional<bool> done = co_await later.until(never);
  co_return *done;
}

void Notifier::note_health(const NoticeRow& row, bool good) {
  if (std::exchange(way(row.channel).failing, !good) == !good) return;
  const std::string channel(name_of(row.channel));
  if (good) return log_info("notices about tickets are taken again", {{"way", channel}});
  log_warn("a notice about a ticket was not taken; it is tried again for a day",
           {{"way", channel}, {"level", row.key.level}, {"error", way(row.channel).trouble}});
}

}  // namespace exporter
