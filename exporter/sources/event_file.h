// A file of events in our own format (docs/sources.md), followed as it grows: JSON lines, or CSV
// when its name ends in .csv. Local files are read on the loop, a bounded piece at a time.
//
// The cursor says how far, and by digests of the beginning and of what stands before that place in
// which file. One that was rotated away is first read to its end, if it or its copy lies beside its
// successor; one that was cut or written anew is read from the start, which is harmless because
// events carry their own key. A last line without its end waits. A bad line is counted and logged
// by its number, and never holds up the rest.
#pragma once

#include <cstdint>
#include <string>

#include "exporter/sources/source.h"

namespace exporter {

class EventFile final : public TicketReader {
 public:
  static constexpr std::size_t kPieceBytes = 256 * 1024;   // of one read
  static constexpr std::size_t kMaxLineBytes = 64 * 1024;  // a longer line is a bad one

  explicit EventFile(TicketSource source) : source_(std::move(source)) {}

  // Bad lines are SourceBatch::unmapped["bad_line"], starts from the beginning ["rewritten"].
  probes::Task<SourceResult> read(std::string cursor, Seconds now) override;
  // A file takes no notes.
  probes::Task<std::expected<void, SourceError>> leave_note(std::string ticket,
                                                            std::string text) override;

 private:
  SourceResult read_piece(const std::string& cursor, Seconds now) const;

  const TicketSource source_;
};

}  // namespace exporter
