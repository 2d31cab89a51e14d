// Access tokens by client credentials (RFC 6749 section 4.4), for whoever sends or asks over HTTP.
// A token is kept until shortly before it expires, or until somebody was refused with it; however
// many need a new one at a time, one of them asks and the others wait for what comes of it. An
// answer of the token server that is no token is the failure of whoever wanted to send, in one
// sentence without a secret. Loop thread only; whoever awaits a keeper's task holds the keeper.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/alerting.h"
#include "probes/async/later.h"
#include "probes/http.h"
#include "probes/net/net.h"

namespace exporter {

class TokenKeeper {
 public:
  TokenKeeper(probes::Net& net, OAuth2 settings);
  TokenKeeper(const TokenKeeper&) = delete;
  TokenKeeper& operator=(const TokenKeeper&) = delete;

  const OAuth2& settings() const { return settings_; }

  // The token that is kept, or a new one.
  probes::Task<probes::Result<probes::Secret>> token(probes::TimePoint deadline);
  // It was answered with 401 and is not given out again.
  void forget(const probes::Secret& token);

 private:
  // How the client says who it is; the server decides which of them it takes.
  enum class Way { header, body };
  struct Landed {
    std::optional<probes::Result<probes::Secret>> token;  // nothing: who asked was cancelled
  };
  // Exists while somebody asks; its end, whatever the reason, is told to those who wait.
  class Flight;

  bool is_fresh() const;
  probes::Task<probes::Result<probes::Secret>> fetch(probes::TimePoint deadline);
  probes::ProbeRequest request(Way way) const;
  probes::Result<probes::Secret> take(const probes::HttpAnswer& answer, probes::TimePoint asked);
  probes::Error trouble(probes::Reason reason, const std::string& what) const;
  std::string words_of(const probes::HttpAnswer& answer) const;

  probes::Net& net_;
  OAuth2 settings_;
  std::optional<Way> way_;  // the one that has worked
  probes::Secret token_;    // empty: none
  probes::TimePoint good_until_{};
  bool under_way_ = false;
  std::vector<probes::Later<Landed>> waiting_;
};

// One keeper for all who have the same settings, so that a token serves them all.
class TokenKeepers {
 public:
  explicit TokenKeepers(probes::Net& net) : net_(net) {}
  std::shared_ptr<TokenKeeper> of(const OAuth2& settings);  // null when not configured

 private:
  probes::Net& net_;
  std::vector<std::weak_ptr<TokenKeeper>> known_;
};

// Asks with the keeper's token, once more with a new one when the first is answered with 401; as it
// stands without a keeper.
probes::Task<probes::HttpAnswer> ask_with_token(probes::Net& net,
                                                std::shared_ptr<TokenKeeper> keeper,
                                                probes::ProbeRequest request,
                                                probes::TimePoint deadline);
// The same for a caller who needs the whole body, of at most so many bytes.
probes::Task<probes::HttpAnswer> fetch_with_token(probes::Net& net,
                                                  std::shared_ptr<TokenKeeper> keeper,
                                                  probes::ProbeRequest request, std::size_t at_most,
                                                  probes::TimePoint deadline);

}  // namespace exporter
