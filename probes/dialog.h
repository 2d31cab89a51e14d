// The dialog of query_response steps over a stream: expect a line, send an answer, go on under TLS.
// Lines, bytes and patterns are the blackbox exporter's: lines that do not match are skipped,
// ${1} in what is sent stands for a capture as in Go's Regexp.Expand. Loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/net/net.h"
#include "probes/probe.h"

namespace re2 {
class RE2;
}

namespace probes {

// The longest line and the most that a peer may send in one dialog; more is Reason::size.
inline constexpr std::size_t kMaxLineBytes = 64 * 1024;
inline constexpr std::size_t kMaxDialogBytes = 1024 * 1024;

// What a step found out, for the metrics of the probe.
struct DialogFacts {
  bool failed_by_regex = false;  // the peer closed before any line matched
  bool failed_by_bytes = false;
  std::vector<Measurement> expect_info;  // probe_expect_info of steps with labels
};

// Reads lines and bytes off a stream, which outlives it.
class LineReader {
 public:
  explicit LineReader(Stream& stream) : stream_(stream) {}

  // Without its line end. The rest before the end of the stream counts as a line; nothing after it.
  Task<Result<std::optional<std::string>>> read_line(TimePoint deadline);
  // Exactly so many bytes; fewer at the end of the stream.
  Task<Result<std::string>> read_exactly(std::size_t size, TimePoint deadline);
  // Bytes that arrived and nobody has read yet.
  bool has_buffered() const { return !buffer_.empty(); }

 private:
  Task<Result<bool>> read_more(TimePoint deadline);

  Stream& stream_;
  std::string buffer_;
  std::size_t searched_ = 0;  // no line end before this
  std::size_t received_ = 0;
};

// Goes through all steps of a TcpModule. `host` is the name for TLS. `facts` belongs to the caller
// and outlives the task. For steps that start TLS the stream's tls_info() tells what came of it.
Task<Result<void>> run_dialog(Stream& stream, std::shared_ptr<const Module> module,
                              std::string host, TimePoint deadline, DialogFacts& facts);

// Go's Regexp.Expand: $1, $name and ${name} become what they captured, $$ a dollar, anything that
// does not exist nothing. `captures` begins with the whole match.
std::string expand_captures(std::string_view form, const re2::RE2& regexp,
                            const std::vector<std::string_view>& captures);

}  // namespace probes
