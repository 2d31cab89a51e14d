// Feeds arbitrary bytes to everything that takes back saved samples, with and without a checksum
// that fits, and reads whatever was believed.
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "rules/series/bytes.h"
#include "rules/series/chunk.h"
#include "rules/series/store.h"

namespace {

using namespace rules;
using namespace rules::series;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

// Samples of a series go forwards in time, whatever they were read from.
void read_all(Store& store) {
  for (const auto& cursor : store.snapshot()->select({}, kNever, kForever)) {
    std::vector<Sample> samples;
    cursor->samples(kNever, kForever, samples);
    for (std::size_t i = 1; i < samples.size(); ++i) {
      if (samples[i].at <= samples[i - 1].at) std::abort();
    }
    const std::int64_t middle = samples.empty() ? 0 : samples[samples.size() / 2].at;
    Sample latest;
    cursor->latest(kNever, middle, latest);
    cursor->summary(kNever, middle);
    cursor->summary(middle, kForever);
  }
  store.take_log();
  for (const Block& block : store.checkpoint()) Store().load(block.bytes);
  store.retire(kForever / 2);
}

void chunk(std::string_view bytes) {
  const auto chunk = Chunk::parse(bytes);
  if (!chunk) return;
  ChunkReader reader(*chunk);
  Sample sample;
  std::uint32_t count = 0;
  while (reader.next(sample)) ++count;
  if (count > kChunkSamples) std::abort();
  chunk->summary();
  chunk->verify();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  chunk(bytes);
  ByteWriter block, log;
  block.raw(bytes);
  block.fixed(checksum(bytes));
  log.fixed(static_cast<std::uint32_t>(size));
  log.fixed(checksum(bytes));
  log.raw(bytes);
  Store store({.log = true});
  store.load(bytes);
  store.replay(bytes);
  store.load(block.bytes());
  store.replay(log.bytes());
  read_all(store);
  return 0;
}
