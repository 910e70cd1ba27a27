#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "client-sim/base/Time.h"

namespace switchboard::sim {

// Latencies in a log-linear histogram after HdrHistogram (http://hdrhistogram.org): 8 ns steps up to 1 µs, from there
// 128 steps for each power of two. A value read back is off by at most 0.4 % of itself, or 4 ns.
// Threads: one writer; any thread may read or copy at the same time and finds each count as it was or as it is.
class CHistogram {
 public:
  // Longer latencies land in the last bucket; Max still tells their true value.
  static constexpr uint64_t kHighestNs = 60'000'000'000;

  CHistogram() : m_buckets(kBuckets) {}
  CHistogram(const CHistogram& other);
  CHistogram& operator=(const CHistogram& other);

  // What is below 0 counts as 0.
  void Record(Nanoseconds latency, uint64_t times = 1) {
    Record(static_cast<uint64_t>(std::max<int64_t>(latency.count(), 0)), times);
  }
  void Record(uint64_t ns, uint64_t times = 1) {
    Bump(m_buckets[BucketOf(ns)], times);
    Bump(m_count, times);
    Bump(m_sumNs, ns * times);
    if (ns > Load(m_maxNs)) m_maxNs.store(ns, std::memory_order_relaxed);
    if (ns < Load(m_minNs)) m_minNs.store(ns, std::memory_order_relaxed);
  }

  void Add(const CHistogram& other);
  void Clear();
  // What was recorded since `earlier`, a copy of this histogram. Its Min and Max are bucket values.
  CHistogram Since(const CHistogram& earlier) const;

  uint64_t Count() const { return Load(m_count); }
  // The next four are 0 when nothing was recorded.
  uint64_t Min() const { return Count() == 0 ? 0 : Load(m_minNs); }
  uint64_t Max() const { return Load(m_maxNs); }
  double Mean() const;
  // Nearest rank: the smallest value that at least `percent` of the records don't exceed.
  uint64_t ValueAt(double percent) const;
  // How many records are at most `ns`, as far as the buckets tell.
  uint64_t CountUpTo(uint64_t ns) const;

  // Calls `visit(upperNs, count)` for every bucket that isn't empty, in ascending order.
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
      if (const uint64_t count = Load(m_buckets[bucket]); count != 0) visit(LowestOf(bucket + 1), count);
    }
  }

 private:
  static constexpr uint32_t kStepBits = 3;    // 8 ns
  static constexpr uint32_t kLinearBits = 7;  // 128 steps for each power of two
  static constexpr uint64_t kLinear = uint64_t{1} << kLinearBits;

  static constexpr size_t BucketOf(uint64_t ns) {
    const uint64_t steps = (ns < kHighestNs ? ns : kHighestNs) >> kStepBits;
    if (steps < kLinear) return steps;
    const auto shift = static_cast<uint32_t>(std::bit_width(steps)) - kLinearBits - 1;
    return kLinear * (shift + 1) + ((steps >> shift) - kLinear);
  }
  static constexpr uint64_t LowestOf(size_t bucket) {
    if (bucket < kLinear) return bucket << kStepBits;
    const size_t shift = bucket / kLinear - 1;
    return (kLinear + bucket % kLinear) << (shift + kStepBits);
  }
  static constexpr uint64_t MiddleOf(size_t bucket) { return (LowestOf(bucket) + LowestOf(bucket + 1)) / 2; }
  static const size_t kBuckets;

  static uint64_t Load(const std::atomic<uint64_t>& value) { return value.load(std::memory_order_relaxed); }
  static void Bump(std::atomic<uint64_t>& value, uint64_t by) {
    value.store(Load(value) + by, std::memory_order_relaxed);
  }

  std::vector<std::atomic<uint64_t>> m_buckets;
  std::atomic<uint64_t> m_count{0};
  std::atomic<uint64_t> m_sumNs{0};
  std::atomic<uint64_t> m_minNs{UINT64_MAX};
  std::atomic<uint64_t> m_maxNs{0};
};

}  // namespace switchboard::sim
