// HTTP by libevent's evhttp, which does the parsing, keep-alive and limits. We add TLS, a delay for
// the slow mode and a plain value type for requests.
#include <algorithm>
#include <cctype>
#include <cstring>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/keyvalq_struct.h>

#include "exporter/demo/front.h"

namespace exporter::demo {
namespace {

constexpr ev_ssize_t kMaxHeaderBytes = 16 * 1024;
constexpr ev_ssize_t kMaxBodyBytes = 64 * 1024;
constexpr int kIdleSeconds = 30;

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string method_of(evhttp_request* request) {
  switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    default:
      return "POST";  // evhttp lets nothing else through
  }
}

void read_form(const char* text, std::map<std::string, std::string>& form) {
  evkeyvalq pairs;
  if (!text || evhttp_parse_query_str(text, &pairs) != 0) return;
  for (const evkeyval* pair = pairs.tqh_first; pair; pair = pair->next.tqe_next) {
    form[pair->key] = pair->value;
  }
  evhttp_clear_headers(&pairs);
}

HttpRequest read_request(evhttp_request* source) {
  HttpRequest request;
  request.method = method_of(source);
  const evkeyvalq* headers = evhttp_request_get_input_headers(source);
  for (const evkeyval* pair = headers->tqh_first; pair; pair = pair->next.tqe_next) {
    request.headers[lower_case(pair->key)] = pair->value;
  }
  evbuffer* body = evhttp_request_get_input_buffer(source);
  request.body.resize(evbuffer_get_length(body));
  evbuffer_copyout(body, request.body.data(), request.body.size());

  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(source);
  const char* path = evhttp_uri_get_path(uri);
  char* decoded = evhttp_uridecode(path && *path ? path : "/", 0, nullptr);
  if (decoded) request.path = decoded;
  free(decoded);
  read_form(evhttp_uri_get_query(uri), request.form);
  if (request.headers["content-type"].starts_with("application/x-www-form-urlencoded")) {
    read_form(request.body.c_str(), request.form);
  }
  return request;
}

void send_reply(evhttp_request* target, const HttpReply& reply) {
  evkeyvalq* headers = evhttp_request_get_output_headers(target);
  if (!reply.content_type.empty())
    evhttp_add_header(headers, "Content-Type", reply.content_type.c_str());
  for (const auto& [name, value] : reply.headers) {
    evhttp_add_header(headers, name.c_str(), value.c_str());
  }
  evbuffer* body = evhttp_request_get_output_buffer(target);
  evbuffer_add(body, reply.body.data(), reply.body.size());
  evhttp_send_reply(target, reply.status, nullptr, nullptr);
}

class HttpFront final : public Front {
 public:
  HttpFront(FrontOptions options, HttpHandler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        server_(evhttp_new(options_.base)) {
    evhttp_set_allowed_methods(server_.get(), EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
    evhttp_set_max_headers_size(server_.get(), kMaxHeaderBytes);
    evhttp_set_max_body_size(server_.get(), kMaxBodyBytes);
    evhttp_set_timeout(server_.get(), kIdleSeconds);
    evhttp_set_gencb(server_.get(), &HttpFront::on_request, this);
    if (options_.tls) evhttp_set_bevcb(server_.get(), &HttpFront::make_tls_stream, this);
    evhttp_accept_socket(server_.get(), options_.listening_fd);
  }

  ~HttpFront() override {
    // evhttp forgets requests whose peer has gone; answering them frees those too.
    for (auto& waiting : waiting_) evhttp_send_error(waiting->request, HTTP_SERVUNAVAIL, nullptr);
  }

 private:
  struct Waiting {
    HttpFront* front;
    evhttp_request* request;
    Event timer;
  };

  static void on_request(evhttp_request* request, void* self) {
    static_cast<HttpFront*>(self)->serve(request);
  }

  static bufferevent* make_tls_stream(event_base* base, void* self) {
    SSL* tls = SSL_new(static_cast<HttpFront*>(self)->options_.tls);
    bufferevent* stream = bufferevent_openssl_socket_new(base, -1, tls, BUFFEREVENT_SSL_ACCEPTING,
                                                         BEV_OPT_CLOSE_ON_FREE);
    bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
    return stream;
  }

  void serve(evhttp_request* request) {
    if (options_.on_request) options_.on_request();
    if (options_.delay.count() == 0) return answer(request);

    auto waiting = std::make_unique<Waiting>(this, request, nullptr);
    waiting->timer.reset(evtimer_new(options_.base, &HttpFront::on_delay_over, waiting.get()));
    const timeval delay = to_timeval(options_.delay);
    evtimer_add(waiting->timer.get(), &delay);
    waiting_.push_back(std::move(waiting));
  }

  static void on_delay_over(evutil_socket_t, short, void* argument) {
    auto* waiting = static_cast<Waiting*>(argument);
    HttpFront* front = waiting->front;
    front->answer(waiting->request);
    std::erase_if(front->waiting_, [waiting](const auto& each) { return each.get() == waiting; });
  }

  void answer(evhttp_request* request) { send_reply(request, handler_(read_request(request))); }

  FrontOptions options_;
  HttpHandler handler_;
  std::vector<std::unique_ptr<Waiting>> waiting_;
  HttpServer server_;
};

}  // namespace

timeval to_timeval(std::chrono::milliseconds duration) {
  return {.tv_sec = duration.count() / 1000, .tv_usec = duration.count() % 1000 * 1000};
}

std::unique_ptr<Front> make_http_front(FrontOptions options, HttpHandler handler) {
  return std::make_unique<HttpFront>(std::move(options), std::move(handler));
}

}  // namespace exporter::demo
