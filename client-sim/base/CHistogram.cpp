#include "client-sim/base/CHistogram.h"

#include <algorithm>
#include <cmath>

namespace switchboard::sim {

const size_t CHistogram::kBuckets = BucketOf(kHighestNs) + 1;

CHistogram::CHistogram(const CHistogram& other) : m_buckets(kBuckets) { Add(other); }

CHistogram& CHistogram::operator=(const CHistogram& other) {
  if (this == &other) return *this;
  Clear();
  Add(other);
  return *this;
}

void CHistogram::Clear() {
  for (auto& bucket : m_buckets) bucket.store(0, std::memory_order_relaxed);
  m_count.store(0, std::memory_order_relaxed);
  m_sumNs.store(0, std::memory_order_relaxed);
  m_minNs.store(UINT64_MAX, std::memory_order_relaxed);
  m_maxNs.store(0, std::memory_order_relaxed);
}

void CHistogram::Add(const CHistogram& other) {
  // The buckets are summed again: while `other` is written, its m_count may be ahead of them.
  uint64_t count = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const uint64_t times = Load(other.m_buckets[bucket]);
    count += times;
    Bump(m_buckets[bucket], times);
  }
  Bump(m_count, count);
  Bump(m_sumNs, Load(other.m_sumNs));
  m_minNs.store(std::min(Load(m_minNs), Load(other.m_minNs)), std::memory_order_relaxed);
  m_maxNs.store(std::max(Load(m_maxNs), Load(other.m_maxNs)), std::memory_order_relaxed);
}

CHistogram CHistogram::Since(const CHistogram& earlier) const {
  CHistogram result;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const uint64_t times = Load(m_buckets[bucket]) - Load(earlier.m_buckets[bucket]);
    if (times != 0) result.Record(MiddleOf(bucket), times);
  }
  result.m_sumNs.store(Load(m_sumNs) - Load(earlier.m_sumNs), std::memory_order_relaxed);
  return result;
}

double CHistogram::Mean() const {
  return Count() == 0 ? 0.0 : static_cast<double>(Load(m_sumNs)) / static_cast<double>(Count());
}

uint64_t CHistogram::CountUpTo(uint64_t ns) const {
  uint64_t count = 0;
  for (size_t bucket = 0; bucket <= BucketOf(ns); ++bucket) count += Load(m_buckets[bucket]);
  return count;
}

uint64_t CHistogram::ValueAt(double percent) const {
  const uint64_t count = Count();
  if (count == 0) return 0;
  // 99.9 % of 1000 is 999.0000000000001 in binary: a hair less keeps the rank from sliding up by one.
  const double exactRank = std::ceil(percent / 100.0 * static_cast<double>(count) * (1.0 - 1e-12));
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(std::max(exactRank, 1.0)), 1, count);
  if (rank == count) return Max();
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += Load(m_buckets[bucket]);
    if (seen >= rank) return std::clamp(MiddleOf(bucket), Min(), Max());
  }
  return Max();
}

}  // namespace switchboard::sim
