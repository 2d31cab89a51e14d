// The code that samples of one chunk are written in, as a pair of coder and decoder.
//
// Times are written as the change of their distance, as Gorilla does, values in one of two ways
// that the first value chooses: whole numbers as the change of their step, so that a counter that
// counts evenly says nothing; all others XORed with the one before, as Gorilla does. Samples that
// come as foreseen in both are counted, not written: a constant costs a few bits an hour.
//
//   stream = { run | sample }
//   run    = 0 gamma(n)                    n samples as foreseen
//   sample = 1 time value
//   time   = 0 | 10 s8 (whole seconds) | 110 s14 | 1110 s32 | 1111 s64: change of the distance
//   whole  = 0 | 10 z3 | 110 z8 | 1110 z16 | 11110 z58: change of the step; 11111 raw64
//   other  = 0 | 10 bits within the last window | 11 l5 n6 bits: XOR with the value before
//
// A raw value (a stale marker, a lone fraction) leaves what whole numbers foresee as it was. The
// first sample is not in the stream: its owner keeps it. Pure.
#pragma once

#include <bit>
#include <cstdint>

#include "rules/promql/source.h"
#include "rules/series/bits.h"

namespace rules::series {

enum class Form { whole, other };

// A number that is worth writing as a whole one: exact, and far from the edges of 64 bits.
bool is_whole(double value);

// What coder and decoder both know of the samples so far.
struct Foreseen {
  Form form = Form::other;
  std::uint64_t at = 0, distance = 0;  // modulo 2^64, so that damaged bytes cannot overflow
  std::uint64_t value = 0;             // the bits of the last one
  std::uint64_t number = 0, step = 0;  // of the whole numbers
  unsigned leading = 0, length = 0;    // the window of the last XOR; length 0: none yet

  void start(Form chosen, Sample first);
  std::uint64_t next_at() const { return at + distance; }
  std::uint64_t next_value() const;
};

class Coder {
 public:
  void start(Form form, Sample first);
  void add(Sample sample);
  // Everything so far; more may be added afterwards.
  std::string bytes() const;
  std::size_t size() const { return bits_.bytes().size(); }  // without the run under way
  int raws() const { return raws_; }  // fractions among whole numbers, stale markers not counted
  std::size_t capacity() const { return bits_.bytes().capacity(); }

 private:
  void put_run(BitWriter& bits) const;
  void put_time(std::uint64_t at);
  void put_whole(double value);
  void put_other(double value);

  Foreseen foreseen_;
  BitWriter bits_;
  std::uint32_t run_ = 0;
  int raws_ = 0;
};

class Decoder {
 public:
  // `bytes` must outlive the decoder.
  Decoder(Form form, Sample first, std::string_view bytes);
  // The next sample; call it once less than there are samples. Damaged bytes give wrong samples
  // and then a reader that is not ok, never a fault.
  Sample next();
  bool ok() const { return bits_.ok(); }
  // Passes over up to `most` samples of the run under way that are not later than `until`; `at`
  // becomes the instant of the last of them. Gives their number, 0 when the next one must be
  // decoded.
  std::uint64_t skip(std::int64_t until, std::uint64_t most, std::int64_t& at);
  // Whether the run under way stays the same or does not fall, in finite numbers.
  bool even() const;
  double value() const { return std::bit_cast<double>(foreseen_.value); }  // of the last sample

 private:
  void take_run(std::uint64_t ahead);
  void take_sample(std::uint64_t ahead);
  void take_time();
  void take_whole();
  void step_on(std::uint64_t change);
  void take_other();

  Foreseen foreseen_;
  BitReader bits_;
  std::uint64_t run_ = 0;
};

}  // namespace rules::series
