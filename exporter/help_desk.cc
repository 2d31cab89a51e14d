#include "exporter/help_desk.h"

#include <future>
#include <utility>

#include "exporter/log.h"
#include "exporter/sources/readers.h"

namespace exporter {

HelpDesk::HelpDesk(probes::Loop& loop, probes::Net& net, std::filesystem::path folder,
                   std::string host)
    : loop_(loop),
      net_(net),
      thread_(std::make_unique<ThreadExecutor>()),
      desk_(std::make_unique<Desk>(std::move(folder), *thread_)),
      random_(std::random_device{}()),
      notices_(std::make_shared<NoticeBook>(*desk_)),
      doors_({.commit =
                  [this](std::string source, DeliveredEvents delivered) {
                    return take(source, std::move(delivered));
                  },
              .read_now = [this](const std::string& source) { runner_->nudge(source); },
              .now = [this] { return wall_now(); }}) {
  runner_ = std::make_unique<SourceRunner>(SourceRunnerParts{
      .loop = loop_,
      .desk = *desk_,
      .executor = *thread_,
      .make_reader =
          [this](const TicketSource& source, const std::vector<LevelTerms>& levels) {
            return make_reader(source, net_, levels);
          },
      .random = [this] { return std::uniform_real_distribution<double>()(random_); }});
  notifier_ = std::make_shared<Notifier>(NotifierParts{
      .net = net_,
      .executor = *thread_,
      .book = notices_,
      .leave_note =
          [this](const std::string& source, std::string ticket, std::string text,
                 SourceRunner::NoteLeft done) {
            return runner_->leave_note(source, std::move(ticket), std::move(text), std::move(done));
          },
      .host = std::move(host)});
}

HelpDesk::~HelpDesk() { thread_.reset(); }

Seconds HelpDesk::wall_now() const {
  return std::chrono::floor<std::chrono::seconds>(loop_.wall_now());
}

std::expected<void, std::string> HelpDesk::open(const Config& config) {
  const auto said = desk_->configure(config, wall_now());
  if (!said) return std::unexpected(said.error().message);
  for (const std::string& sentence : *said) log_info(sentence);
  notices_->configure(config, wall_now());
  doors_.configure(config.support.sources);
  return {};
}

void HelpDesk::start(const Support& support) {
  runner_->apply(support);
  runner_->start();
  notifier_->apply(support.notices);
  notifier_->start();
}

void HelpDesk::stop() {
  notifier_->stop();
  runner_->stop();
}

HelpDesk::Result HelpDesk::configure(const std::shared_ptr<const Config>& config) {
  Result result = on_desk([this, config](Seconds now) -> LedgerResult<std::string> {
    auto said = desk_->configure(*config, now);
    if (!said) return std::unexpected(said.error());
    notices_->configure(*config, now);
    std::string text;
    for (const std::string& sentence : *said) text += "; " + sentence;
    return text;
  });
  if (!result) return result;
  doors_.configure(config->support.sources);
  loop_.post_from_any_thread([this, config] {
    runner_->apply(config->support);
    notifier_->apply(config->support.notices);
  });
  return result;
}

namespace {

LedgerResult<std::string> carry_out(Desk& desk, const TicketCorrection& correction, Seconds now) {
  return desk.correct(correction, now);
}

LedgerResult<std::string> carry_out(Desk& desk, const TakeSupportTerms& terms, Seconds now) {
  return desk.take_terms_now(terms.by, terms.why, now);
}

}  // namespace

HelpDesk::Result HelpDesk::execute(const DeskCommand& command) {
  return on_desk([this, command](Seconds now) {
    return std::visit([&](const auto& each) { return carry_out(*desk_, each, now); }, command);
  });
}

std::expected<AcceptedEvents, std::string> HelpDesk::take(const std::string& source,
                                                          DeliveredEvents delivered) {
  const std::size_t count = delivered.events.size();
  SourceBatch batch;
  batch.events = std::move(delivered.events);
  batch.read_until = delivered.read_until;
  const auto taken = desk_->accept(source, std::move(batch), wall_now());
  if (!taken) return std::unexpected(taken.error());
  return AcceptedEvents{taken->added, count - taken->added, taken->differing};
}

// Runs a job on the desk's thread and waits, on a thread that may, for its answer.
HelpDesk::Result HelpDesk::on_desk(std::function<LedgerResult<std::string>(Seconds)> job) {
  auto promise = std::make_shared<std::promise<Result>>();
  std::future<Result> future = promise->get_future();
  thread_->post([job = std::move(job), promise, now = wall_now()] {
    auto done = job(now);
    promise->set_value(done ? Result(*std::move(done)) : std::unexpected(done.error().message));
  });
  if (future.wait_for(kLongestWait) != std::future_status::ready) {
    return std::unexpected("no answer within a minute; the disk is stuck, see the exporter's log");
  }
  return future.get();
}

}  // namespace exporter
