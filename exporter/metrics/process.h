// What the kernel knows of this process, from /proc. Any thread. What cannot be read is left out.
#pragma once

#include <cstdint>
#include <optional>

namespace exporter {

struct ProcessFigures {
  std::optional<double> cpu_seconds, start_time_seconds;
  std::optional<double> resident_bytes, virtual_bytes, virtual_max_bytes;
  std::optional<double> open_fds, max_fds, threads;
};

ProcessFigures read_process_figures();

}  // namespace exporter
