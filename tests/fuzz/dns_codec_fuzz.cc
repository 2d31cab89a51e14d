// Feeds arbitrary bytes to the DNS decoder and writes every record it accepts.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "probes/dns_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = probes::dns::decode(bytes);
  if (!message) return 0;
  for (const auto* section : {&message->answers, &message->authorities, &message->additionals})
    for (const probes::dns::Record& record : *section)
      if (record.text().empty()) std::abort();
  // A message answers itself only when it is a response to a question it repeats.
  if (probes::dns::answers(bytes, bytes) && !message->response) std::abort();
  return 0;
}
