// The demo company as the exporter sees it: the checks of the configuration it writes, run by the
// real probes over the real network loop, in every mode. What the demo calls broken must cost
// budget, for the reason that the break means; what it calls degraded must not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/config/load.h"
#include "exporter/demo/config_file.h"
#include "probes/net/real_net.h"
#include "tests/fakes/loopback.h"

namespace exporter::demo {
namespace {

using probes::Reason;
using probes::Status;
using testing::AnyOf;
using testing::Eq;

class Probed : public testing::Test {
 protected:
  void SetUp() override {
    auto started = DemoCompany::start({.slow_delay = std::chrono::milliseconds(600)});
    ASSERT_TRUE(started.has_value()) << started.error();
    company_ = std::move(*started);
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("demo-probed-" + std::to_string(company_->control_port()));
    const auto written = write_config(*company_, folder_ / "sla.yml");
    ASSERT_TRUE(written.has_value()) << written.error();
    auto config = load_config(folder_ / "sla.yml");
    ASSERT_TRUE(config.has_value());
    config_ = std::move(*config);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  probes::Outcome probe(const Check& check) {
    probes::ProbeRequest request;
    request.module = check.module;
    request.target = check.target;
    request.hostname = check.hostname;
    request.slow_after = check.slow_after;
    const auto deadline = loop_.now() + check.timeout;
    return fakes::run_task(loop_, probes::run_probe(net_, request, deadline));
  }

  // Sets every service to `mode` and probes all checks; `judge` sees each outcome.
  template <class Judge>
  void probe_all(Mode mode, Judge judge) {
    for (const ServiceName& row : kServices) ASSERT_TRUE(company_->set_mode(row.service, mode));
    for (const exporter::Service& service : config_.services) {
      for (const Check& check : service.checks) {
        SCOPED_TRACE(service.name + "/" + check.name);
        judge(*service_named(service.name), probe(check));
      }
    }
  }

  std::unique_ptr<DemoCompany> company_;
  std::filesystem::path folder_;
  Config config_;
  probes::EpollLoop loop_;
  probes::RealNet net_{loop_};
};

void expect_down(const probes::Outcome& outcome, testing::Matcher<Reason> reason) {
  EXPECT_EQ(outcome.status, Status::down) << outcome.message;
  EXPECT_THAT(outcome.reason, reason) << name_of(outcome.reason) << ": " << outcome.message;
}

TEST_F(Probed, IsUpWhenNothingIsBroken) {
  probe_all(Mode::up, [](Service, const probes::Outcome& outcome) {
    EXPECT_EQ(outcome.status, Status::up) << name_of(outcome.reason) << ": " << outcome.message;
  });
}

TEST_F(Probed, IsDownForTheKindOfErrorOfEachService) {
  probe_all(Mode::error, [](Service service, const probes::Outcome& outcome) {
    if (service == Service::smtp) return expect_down(outcome, Eq(Reason::protocol));
    expect_down(outcome, Eq(service == Service::sms ? Reason::body : Reason::status));
  });
}

TEST_F(Probed, IsDownWhenItRefusesConnections) {
  probe_all(Mode::refuse, [](Service, const probes::Outcome& outcome) {
    expect_down(outcome, Eq(Reason::connect));
  });
}

TEST_F(Probed, IsDegradedAndStillGoodWhenItIsSlow) {
  probe_all(Mode::slow, [](Service, const probes::Outcome& outcome) {
    EXPECT_EQ(outcome.status, Status::degraded) << outcome.message;
    EXPECT_EQ(outcome.reason, Reason::slow) << outcome.message;
  });
}

TEST_F(Probed, IsDownWhenItsCertificateHasExpired) {
  probe_all(Mode::certificate, [](Service, const probes::Outcome& outcome) {
    expect_down(outcome, Eq(Reason::certificate));
  });
}

TEST_F(Probed, IsDownWhenItSendsGarbage) {
  probe_all(Mode::garbage, [](Service, const probes::Outcome& outcome) {
    expect_down(outcome, AnyOf(Reason::protocol, Reason::connect));
  });
}

// Silence and drips last until the timeout, so one check of each protocol has to do.
TEST_F(Probed, TimesOutOnSilenceAndOnDrips) {
  for (const Mode mode : {Mode::silent, Mode::drip}) {
    for (const Service service : {Service::sms, Service::smtp}) {
      ASSERT_TRUE(company_->set_mode(service, mode));
      const Check& check = config_.services.at(index_of(service)).checks.front();
      expect_down(probe(check), Eq(Reason::timeout));
    }
  }
}

}  // namespace
}  // namespace exporter::demo
