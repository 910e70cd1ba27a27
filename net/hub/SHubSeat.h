#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchboard {

// What a name of the hub is for. Rooms and users of one spelling are two names.
enum class ENameKind : uint8_t { kRoom, kUser };

// One name in shared memory. It is in the chain of a bucket, and has its members in a list.
// Threads: written by the worker that owns the seat, under its lock; read by anybody, who finds by `version` (odd while
// the members change) whether he has seen a mixture.
struct SHubName {
  static constexpr size_t kInline = 32;  // bytes of text that need no SHubText

  std::atomic<uint64_t> hash{0};
  std::atomic<uint32_t> version{0};
  std::atomic<uint32_t> count{0};
  std::atomic<uint32_t> first{0};  // of its members
  std::atomic<uint32_t> next{0};   // in the bucket
  std::atomic<uint32_t> text{0};   // of a longer name: an SHubText
  std::atomic<ENameKind> kind{ENameKind::kRoom};
  std::atomic<uint8_t> length{0};
  uint16_t unused = 0;
  std::array<std::atomic<uint64_t>, kInline / sizeof(uint64_t)> words{};
};
static_assert(sizeof(SHubName) == 64);

// A name of more bytes than an SHubName holds.
struct SHubText {
  static constexpr size_t kMost = 128;
  std::array<std::atomic<uint64_t>, kMost / sizeof(uint64_t)> words{};
};

// One session under one name. Threads: as SHubName; the last four are the owner's.
struct SHubMember {
  std::atomic<uint32_t> slot{0};
  std::atomic<uint32_t> generation{0};
  std::atomic<uint32_t> next{0};   // of the name
  std::atomic<uint64_t> stamp{0};  // of a user's login, as CNameTable::Claim says
  uint32_t previous = 0;
  uint32_t nextOfSession = 0;
  uint32_t name = 0;
  uint32_t unused = 0;
};
static_assert(sizeof(SHubMember) <= 40);

// What is in a bucket of names; `version` is odd while the chain changes.
struct SHubBucket {
  std::atomic<uint32_t> first{0};
  std::atomic<uint32_t> version{0};
};

// All that one worker's sessions are called, in shared memory that it alone writes and all workers read. Nearly all of
// it is address space: what isn't used takes no memory.
// Places are counted from 1: 0 is none.
struct SHubSeat {
  static constexpr uint32_t kBuckets = 1 << 18;
  static constexpr uint32_t kNames = 1 << 18;
  static constexpr uint32_t kTexts = 1 << 16;
  static constexpr uint32_t kMembers = 1 << 20;

  std::array<SHubBucket, kBuckets> buckets;
  std::array<SHubName, kNames> names;
  std::array<SHubText, kTexts> texts;
  std::array<SHubMember, kMembers> members;
};

}  // namespace switchboard
