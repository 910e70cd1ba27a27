// Random numbers that cost a few instructions and can be repeated.
#pragma once

#include <cstdint>

#include "client-sim/base/Time.h"

namespace switchboard::sim {

// A state for NextRandom; different streams of one seed have little in common.
inline uint64_t SeedOf(uint64_t seed, uint64_t stream) {
  // SplitMix64 (G. Steele and others, Fast Splittable Pseudorandom Number Generators, 2014).
  uint64_t state = seed + (stream + 1) * 0x9E3779B97F4A7C15ULL;
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ULL;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBULL;
  state ^= state >> 31;
  return state == 0 ? 1 : state;  // 0 is the one state that xorshift never leaves
}

// xorshift64* (S. Vigna, An experimental exploration of Marsaglia's xorshift generators, 2016): its upper half.
inline uint32_t NextRandom(uint64_t& state) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return static_cast<uint32_t>((state * 0x2545F4914F6CDD1DULL) >> 32);
}

// Evenly spread over lowest … highest.
inline uint64_t RandomBetween(uint64_t& state, uint64_t lowest, uint64_t highest) {
  const uint64_t wide = (uint64_t{NextRandom(state)} << 32) | NextRandom(state);
  return highest - lowest == UINT64_MAX ? wide : lowest + wide % (highest - lowest + 1);
}

inline Nanoseconds RandomBetween(uint64_t& state, Nanoseconds lowest, Nanoseconds highest) {
  return Nanoseconds(static_cast<int64_t>(
      RandomBetween(state, static_cast<uint64_t>(lowest.count()), static_cast<uint64_t>(highest.count()))));
}

}  // namespace switchboard::sim
