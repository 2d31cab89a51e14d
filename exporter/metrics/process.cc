// /proc/self/stat is one line whose second field, the program's name, may hold blanks and brackets:
// the fields are counted from the last closing bracket (proc(5)).
#include "exporter/metrics/process.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "exporter/metrics/families.h"

namespace exporter {
namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The numbers after the program's name; the first is field 3 of proc(5).
std::vector<double> stat_fields() {
  const std::string line = read_file("/proc/self/stat");
  const auto bracket = line.rfind(')');
  if (bracket == std::string::npos) return {};
  std::vector<double> fields;
  const char* at = line.data() + bracket + 1;
  const char* end = line.data() + line.size();
  while (at < end) {
    while (at < end && *at == ' ') ++at;
    double value = 0;
    const auto parsed = std::from_chars(at, end, value);
    fields.push_back(value);  // the state's letter becomes 0
    at = parsed.ec == std::errc{} ? parsed.ptr : at + 1;
  }
  return fields;
}

std::optional<double> boot_time() {
  const std::string text = read_file("/proc/stat");
  const auto at = text.find("\nbtime ");
  if (at == std::string::npos) return std::nullopt;
  double seconds = 0;
  std::from_chars(text.data() + at + 7, text.data() + text.size(), seconds);
  return seconds;
}

std::optional<double> count_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  if (!folder) return std::nullopt;
  double count = 0;
  while (::readdir(folder.get()) != nullptr) ++count;
  return count - 3;  // ".", ".." and the descriptor of this very look
}

std::optional<double> limit_of(__rlimit_resource resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return std::nullopt;
  // Without a limit the family's clients print the largest number there is.
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessFigures read_process_figures() {
  ProcessFigures figures;
  figures.open_fds = count_fds();
  figures.max_fds = limit_of(RLIMIT_NOFILE);
  figures.virtual_max_bytes = limit_of(RLIMIT_AS);

  // Positions in proc(5), counted from field 3.
  constexpr std::size_t kUserTime = 14 - 3, kSystemTime = 15 - 3, kThreads = 20 - 3;
  constexpr std::size_t kStart = 22 - 3, kVirtual = 23 - 3, kResident = 24 - 3;
  const auto fields = stat_fields();
  if (fields.size() <= kResident) return figures;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  figures.cpu_seconds = (fields[kUserTime] + fields[kSystemTime]) / ticks;
  figures.threads = fields[kThreads];
  figures.virtual_bytes = fields[kVirtual];
  figures.resident_bytes = fields[kResident] * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (const auto boot = boot_time()) figures.start_time_seconds = *boot + fields[kStart] / ticks;
  return figures;
}

void add_process_families(Families& out) {
  // Read once for all the families of a page, when the page is begun.
  const ProcessFigures figures = read_process_figures();
  const auto add = [&out](const MetricName& name, std::optional<double> value) {
    if (!value) return;
    add_single(out, name, [value](SeriesPool& pool) { pool.add(*value, {}); });
  };
  add(metric("process_cpu_seconds_total"), figures.cpu_seconds);
  add(metric("process_open_fds"), figures.open_fds);
  add(metric("process_max_fds"), figures.max_fds);
  add(metric("process_resident_memory_bytes"), figures.resident_bytes);
  add(metric("process_virtual_memory_bytes"), figures.virtual_bytes);
  add(metric("process_virtual_memory_max_bytes"), figures.virtual_max_bytes);
  add(metric("process_start_time_seconds"), figures.start_time_seconds);
  add(metric("process_threads"), figures.threads);
}

}  // namespace exporter
