// One question and its answer by UDP. Loop thread only.
#pragma once

#include "probes/net/net.h"

namespace probes {

// As Net::exchange: sends the request, again after each `resend_after`, and gives the first answer
// that `accept` takes. A port nobody listens on is Reason::connect, silence Reason::timeout.
Task<Result<std::string>> exchange_datagrams(Loop& loop, DatagramExchange exchange,
                                             bool (*accept)(std::string_view request,
                                                            std::string_view answer),
                                             Duration resend_after, TimePoint deadline);

}  // namespace probes
