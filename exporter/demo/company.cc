// Puts the parts together: one port a service, one front a mode; and a help desk that is looked at
// each second.
#include "exporter/demo/company.h"

#include <array>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "exporter/demo/certificates.h"
#include "exporter/demo/control.h"
#include "exporter/demo/front.h"
#include "exporter/demo/help_desk.h"
#include "exporter/demo/loop.h"
#include "exporter/demo/port.h"
#include "exporter/demo/site.h"

namespace exporter::demo {
namespace {

using std::string_view_literals::operator""sv;

// Not HTTP, not SMTP, not UTF-8, and with a zero byte for those who count on strings.
constexpr std::string_view kGarbage =
    "\xff\xfe\x00\x1b[31m%n%s\r\n\r\n<<<\x80\x81 not what you expected >>>\r\n"sv;

// Promises far more than anybody will wait for.
constexpr std::string_view kDrippedHttp =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 1000000\r\n\r\n"
    "<!doctype html><title>Drip</title><p>One byte at a time, and still it is not the end of it.";
constexpr std::string_view kDrippedSmtp =
    "220-mail.demo.invalid ESMTP demo company\r\n220-has much to say\r\n220-before it lets you "
    "in\r\n";

struct Desk {
  Port port;
  Mode mode = Mode::up;
  std::uint64_t asked = 0;
  std::unique_ptr<Front> front;  // null: connections are refused
};

class LoopbackCompany final : public DemoCompany {
 public:
  LoopbackCompany(Options options, Certificates certificates)
      : options_(std::move(options)), certificates_(std::move(certificates)) {}

  ~LoopbackCompany() override {
    loop_.run([this] {
      help_desk_timer_.reset();
      control_front_.reset();
      for (Desk& desk : desks_) desk.front.reset();
    });
  }

  std::expected<void, std::string> open() {
    std::uint16_t next = options_.base_port;
    const auto take_port = [&](Port& port) -> std::expected<void, std::string> {
      auto reserved = Port::reserve(options_.listen, next);
      if (!reserved) return std::unexpected(reserved.error());
      port = std::move(*reserved);
      if (next != 0) ++next;
      return {};
    };
    if (auto taken = take_port(control_port_); !taken) return taken;
    for (Desk& desk : desks_) {
      if (auto taken = take_port(desk.port); !taken) return taken;
    }
    for (const ServiceName& row : kServices) {
      if (auto opened = set_mode(row.service, Mode::up); !opened) return opened;
    }
    if (auto opened = open_help_desk(); !opened) return opened;
    return open_control();
  }

  std::uint16_t port(Service service) const override { return desk(service).port.number(); }
  std::uint16_t control_port() const override { return control_port_.number(); }

  std::string address(Service service) const override {
    const std::string place = host_and_port(options_.listen, port(service));
    if (service == Service::smtp) return place;
    return fmt::format("{}://{}/", options_.tls ? "https" : "http", place);
  }

  std::string control_address() const override {
    return fmt::format("http://{}/", host_and_port(options_.listen, control_port()));
  }

  const std::string& authority_pem() const override { return certificates_.authority_pem; }
  const std::filesystem::path& ticket_file() const override { return options_.ticket_file; }

  std::expected<void, std::string> set_mode(Service service, Mode mode) override {
    std::expected<void, std::string> result;
    loop_.run([&] { result = change_front(service, mode); });
    return result;
  }

  Mode mode(Service service) const override {
    Mode result{};
    loop_.run([&] { result = desk(service).mode; });
    return result;
  }

  std::uint64_t asked(Service service) const override {
    std::uint64_t result = 0;
    loop_.run([&] { result = desk(service).asked; });
    return result;
  }

 private:
  Desk& desk(Service service) { return desks_[index_of(service)]; }
  const Desk& desk(Service service) const { return desks_[index_of(service)]; }

  std::expected<void, std::string> open_help_desk() {
    if (options_.ticket_file.empty()) return {};
    auto opened = HelpDesk::open(options_.ticket_file, wall_now());
    if (!opened) return std::unexpected(opened.error());
    help_desk_ = std::move(*opened);
    loop_.run([this] {
      help_desk_timer_.reset(
          event_new(loop_.base(), -1, EV_PERSIST, &LoopbackCompany::on_second, help_desk_.get()));
      const timeval second = to_timeval(std::chrono::seconds(1));
      event_add(help_desk_timer_.get(), &second);
    });
    return {};
  }

  static Instant wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
  static void on_second(evutil_socket_t, short, void* help_desk) {
    static_cast<HelpDesk*>(help_desk)->advance(wall_now());
  }

  std::expected<void, std::string> open_control() {
    const auto fd = control_port_.listen();
    if (!fd) return std::unexpected(fd.error());
    panel_ = {
        .state = [this] { return states(); },
        .set_mode = [this](Service service, Mode mode) { return change_front(service, mode); },
        .help_desk = help_desk_.get(),
        .exporter_url = options_.exporter_url};
    loop_.run([this, fd] {
      control_front_ =
          make_http_front({.base = loop_.base(), .listening_fd = *fd},
                          [this](const HttpRequest& request) { return control(panel_, request); });
    });
    return {};
  }

  std::vector<ServiceState> states() const {
    std::vector<ServiceState> result;
    for (const ServiceName& row : kServices) {
      const Desk& desk = this->desk(row.service);
      result.push_back({row.service, desk.mode, address(row.service), desk.asked});
    }
    return result;
  }

  // Loop thread. The old front goes first, with its listener: the port can have only one.
  std::expected<void, std::string> change_front(Service service, Mode mode) {
    if (mode == Mode::certificate && !has_tls(service)) {
      return std::unexpected(fmt::format(
          "{} speaks no TLS here, so it has no certificate to expire", row_of(service).name));
    }
    Desk& desk = this->desk(service);
    desk.front.reset();
    desk.mode = mode;
    if (mode == Mode::refuse) return {};

    const auto fd = desk.port.listen();
    if (!fd) return std::unexpected(fd.error());
    FrontOptions options{
        .base = loop_.base(), .listening_fd = *fd, .on_request = [&desk] { ++desk.asked; }};
    if (mode == Mode::slow) options.delay = options_.slow_delay;
    if (has_tls(service)) {
      const bool expired = mode == Mode::certificate;
      options.tls = (expired ? certificates_.expired : certificates_.good).get();
    }
    desk.front = make_front(service, mode, std::move(options));
    return {};
  }

  bool has_tls(Service service) const { return options_.tls || service == Service::smtp; }

  std::unique_ptr<Front> make_front(Service service, Mode mode, FrontOptions options) {
    const bool smtp = service == Service::smtp;
    if (mode == Mode::silent) return make_silent_front(std::move(options));
    if (mode == Mode::garbage || mode == Mode::drip) {
      if (smtp) options.tls = nullptr;  // its TLS comes later in the dialog
      const bool drips = mode == Mode::drip;
      std::string bytes(kGarbage);
      if (drips) bytes = smtp ? kDrippedSmtp : kDrippedHttp;
      const auto interval = drips ? options_.drip_interval : std::chrono::milliseconds(0);
      return make_raw_front(std::move(options), std::move(bytes), interval);
    }
    const bool fails = mode == Mode::error;
    if (smtp) return make_smtp_front(std::move(options), fails);
    return make_http_front(std::move(options), [this, service, fails](const HttpRequest& request) {
      return fails ? answer_with_error(service) : answer(service, request, shop_);
    });
  }

  Options options_;
  Certificates certificates_;
  Shop shop_;
  Port control_port_;
  std::array<Desk, kServiceCount> desks_;
  std::unique_ptr<HelpDesk> help_desk_;  // null: there is none
  Event help_desk_timer_;
  ControlPanel panel_;
  std::unique_ptr<Front> control_front_;
  mutable EventLoop loop_;  // last: its thread ends before anything it uses goes away
};

}  // namespace

std::expected<std::unique_ptr<DemoCompany>, std::string> DemoCompany::start(Options options) {
  constexpr int kHighestBase = 65535 - static_cast<int>(kServiceCount);
  if (options.base_port > kHighestBase) {
    return std::unexpected(fmt::format("port {} leaves no room for {} more; choose a base up to {}",
                                       options.base_port, kServiceCount, kHighestBase));
  }
  if (auto literal = check_address(options.listen); !literal)
    return std::unexpected(literal.error());
  auto certificates = make_certificates(options.listen);
  if (!certificates) return std::unexpected(certificates.error());
  try {
    auto company = std::make_unique<LoopbackCompany>(std::move(options), std::move(*certificates));
    if (auto opened = company->open(); !opened) return std::unexpected(opened.error());
    return company;
  } catch (const std::runtime_error& error) {
    return std::unexpected(error.what());
  }
}

}  // namespace exporter::demo
