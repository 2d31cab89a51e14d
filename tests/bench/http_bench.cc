// How many HTTP and HTTPS probes one second of our CPU time makes: whole probes (resolve, connect,
// perhaps a full handshake with the chain verified, request, judge, measure), a new connection for
// each. The target is given with --url, or is a small server in a child process, whose time does
// not count. One JSON object a line, so that tests/bench/probes_vs_blackbox.py can put it beside
// the blackbox exporter's figures. Fails when a probe fails, or when one over HTTPS costs more than
// 5 ms: then the CA bundle is read again for each.
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "probes/async/epoll_loop.h"
#include "probes/net/real_net.h"
#include "probes/net/socket.h"
#include "probes/probe.h"
#include "tests/fakes/test_certs.h"

namespace {

using probes::Duration;
using probes::TimePoint;

struct Options {
  std::string url;
  std::string ca_file;  // instead of the system's bundle
  int probes = 5000;
  int in_flight = 50;
  int warm_up = 100;
};

constexpr double kMostSecondsOfHttps = 0.005;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// What the workers share.
struct Run {
  probes::EpollLoop loop;
  probes::RealNet net;
  std::shared_ptr<const probes::Module> module;
  std::string url;
  int left = 0;
  int working = 0;
  int good = 0;
  std::string complaint;
  std::vector<Duration> durations;

  explicit Run(const Options& options)
      : net(loop, {.resolver = {}, .ca_bundle = options.ca_file}), url(options.url) {
    auto made = std::make_shared<probes::Module>();
    probes::HttpModule http;
    http.ip.preferred = probes::Family::ip4;
    made->spec = http;
    module = made;
  }
};

probes::Task<void> work(Run& run) {
  while (run.left > 0) {
    --run.left;
    probes::ProbeRequest request;
    request.module = run.module;
    request.target = run.url;
    const TimePoint deadline = run.loop.now() + std::chrono::seconds(10);
    probes::Outcome outcome = co_await probes::run_probe(run.net, std::move(request), deadline);
    run.good += outcome.good() ? 1 : 0;
    if (!outcome.good()) run.complaint = outcome.message;
    run.durations.push_back(outcome.duration);
  }
  if (--run.working == 0) run.loop.stop();
}

void run_probes(Run& run, int count, int in_flight) {
  run.left = count;
  run.good = 0;
  run.durations.clear();
  run.working = std::min(in_flight, count);
  const int workers = run.working;
  for (int i = 0; i < workers; ++i) run.loop.spawn(work(run));
  run.loop.run();
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

bool measure(const Options& options) {
  Run run(options);
  run_probes(run, options.warm_up, options.in_flight);
  const double before = cpu_seconds();
  run_probes(run, options.probes, options.in_flight);
  const double spent = cpu_seconds() - before;
  std::ranges::sort(run.durations);
  const std::size_t last = run.durations.size() - 1;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print(
      "{{\"url\": \"{}\", \"probes\": {}, \"good\": {}, \"in_flight\": {}, "
      "\"cpu_seconds\": {:.3f}, \"probes_per_cpu_second\": {:.0f}, \"p50_ms\": {:.2f}, "
      "\"p99_ms\": {:.2f}, \"max_rss_kib\": {}}}\n",
      options.url, options.probes, run.good, options.in_flight, spent, options.probes / spent,
      milliseconds(run.durations[last / 2]), milliseconds(run.durations[last * 99 / 100]),
      usage.ru_maxrss);
  if (run.good < options.probes) {
    fmt::print(stderr, "{} of {} probes failed: {}\n", options.probes - run.good, options.probes,
               run.complaint);
    return false;
  }
  const double each = spent / options.probes;
  if (!options.url.starts_with("https:") || each <= kMostSecondsOfHttps) return true;
  fmt::print(stderr, "an HTTPS probe costs {:.2f} ms of CPU time, more than {:.0f}\n", each * 1e3,
             kMostSecondsOfHttps * 1e3);
  return false;
}

// --- a target of our own ----------------------------------------------------------------------

constexpr char kAnswer[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nhello world\n";

void answer_plain(int fd) {
  char request[4096];
  if (recv(fd, request, sizeof request, 0) > 0) send(fd, kAnswer, sizeof kAnswer - 1, MSG_NOSIGNAL);
}

void answer_tls(int fd, SSL_CTX* context) {
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  char request[4096];
  if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0) {
    SSL_write(ssl, kAnswer, sizeof kAnswer - 1);
    SSL_shutdown(ssl);
  }
  SSL_free(ssl);
}

SSL_CTX* server_context(const fakes::TestCert& certificate) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  const fakes::TempFile cert(certificate.cert_pem);
  const fakes::TempFile key(certificate.key_pem);
  SSL_CTX_use_certificate_chain_file(context, cert.path().c_str());
  SSL_CTX_use_PrivateKey_file(context, key.path().c_str(), SSL_FILETYPE_PEM);
  return context;
}

// One connection after the other: a probe is answered in well under a millisecond.
[[noreturn]] void serve(int listener, SSL_CTX* context) {
  std::signal(SIGPIPE, SIG_IGN);
  while (true) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) std::_Exit(1);
    if (context != nullptr) {
      answer_tls(fd, context);
    } else {
      answer_plain(fd);
    }
    close(fd);
  }
}

// Measures against a child process that ends with this call.
bool measure_own_server(Options options, const fakes::TestCert* certificate) {
  probes::Endpoint endpoint{*probes::Address::parse("127.0.0.1"), 0};
  const probes::SocketAddress wanted = probes::to_socket_address(endpoint);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (bind(listener, wanted.get(), wanted.size) != 0 || listen(listener, 1024) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    return false;
  SSL_CTX* context = certificate != nullptr ? server_context(*certificate) : nullptr;
  const pid_t child = fork();
  if (child == 0) serve(listener, context);
  close(listener);
  options.url = fmt::format("{}://127.0.0.1:{}/", certificate != nullptr ? "https" : "http",
                            ntohs(bound.sin_port));
  const bool fine = measure(options);
  kill(child, SIGTERM);
  waitpid(child, nullptr, 0);
  SSL_CTX_free(context);
  return fine;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--url") options.url = value;
    if (name == "--ca-file") options.ca_file = value;
    if (name == "--probes") options.probes = std::max(1, std::atoi(value.c_str()));
    if (name == "--in-flight") options.in_flight = std::max(1, std::atoi(value.c_str()));
  }
  return argc % 2 == 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    fmt::print(stderr, "usage: {} [--url URL] [--ca-file PEM] [--probes N] [--in-flight N]\n",
               argv[0]);
    return 2;
  }
  if (!options.url.empty()) return measure(options) ? 0 : 1;
  const fakes::TestCa ca;
  const fakes::TestCert certificate = ca.issue({"127.0.0.1"});
  const fakes::TempFile bundle(ca.ca_pem());
  options.ca_file = bundle.path();
  const bool plain = measure_own_server(options, nullptr);
  const bool secure = measure_own_server(options, &certificate);
  return plain && secure ? 0 : 1;
}
