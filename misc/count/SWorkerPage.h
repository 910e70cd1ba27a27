#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "misc/SHeldBytes.h"
#include "misc/count/CNamedCounters.h"
#include "misc/count/SLastWords.h"
#include "misc/thread/CClock.h"

namespace switchboard {

// What is counted. Its values are places in a block of counters, below kCounterCount; net/wire/Counters.h says which.
enum class ECounter : uint16_t;

inline constexpr size_t kCounterCount = 64;

// The counters that one thread writes and anybody reads.
// Threads: Add by the one owner of the block; AddShared by any thread, on the block that is set apart for it.
class alignas(64) CCounters {
 public:
  [[gnu::always_inline]] void Add(ECounter counter, uint64_t n = 1) {
    auto& value = m_values[static_cast<size_t>(counter)];
    value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void AddShared(ECounter counter, uint64_t n = 1) {
    m_values[static_cast<size_t>(counter)].fetch_add(n, std::memory_order_relaxed);
  }
  uint64_t Get(ECounter counter) const {
    return m_values[static_cast<size_t>(counter)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<uint64_t>, kCounterCount> m_values{};
};

// Code of the user's that a thread runs, and that is no packet's handler.
enum class EUserCode : uint32_t { kNone, kOnConnect, kOnDisconnect, kJob, kRoute, kOnLost };

std::string_view ToString(EUserCode code);

// What one thread is at: for the watchdog while it lives, and for the inquest when it has killed its worker.
// Threads: written by its own thread (through CTrace), read by anyone. The packet's bytes are meant for after the death.
struct alignas(64) SThreadTrace {
  static constexpr size_t kPacketBytes = 4000;

  std::atomic<uint64_t> ticks{0};        // moves with each piece of work; odd while one is at hand
  std::atomic<uint32_t> packetBytes{0};  // of the packet whose handler runs, header included; 0 while none does
  std::atomic<EUserCode> userCode{EUserCode::kNone};
  std::atomic<uint32_t> slot{0};  // of the session
  std::atomic<uint32_t> generation{0};
  std::array<std::atomic<uint64_t>, 3> peer{};   // an SPeer
  std::atomic<uint64_t> thread{0};               // who runs it: its pthread_t
  std::array<std::byte, kPacketBytes> packet{};  // its first bytes
};

// What a worker and the master that accepts for it (accept = "dispatch") know of each other.
// Threads: as said at each member; anybody reads. The master, which looks at several of them, reads them in this order.
struct alignas(64) SHandOver {
  std::atomic<uint64_t> taken{0};         // clients that have become connections or missed; by sb-io, after slotsLent
  std::atomic<uint64_t> missed{0};        // bit n % 64: client n got no descriptor here; set by sb-io, before taken
  std::atomic<uint64_t> slotsLent{0};     // under the pool's lock
  std::atomic<uint64_t> slotsCooling{0};  // of those; written by sb-recycle
  std::atomic<bool> isOver{false};  // takes nobody any more, what it was passed but took not is the master's again
  std::atomic<bool> isRoomWanted{
      false};  // the master's bell is to be rung when slotsLent or slotsLent − slotsCooling falls

  static constexpr uint64_t MissedBit(uint64_t client) { return uint64_t{1} << (client % 64); }
  // For the next worker of the page. Threads: the master's, while the page is nobody's.
  void Reset();
};

using CounterTotals = std::array<uint64_t, kCounterCount>;

enum class EWorkerState : uint32_t { kStarting, kServing, kLeaving };

std::string_view ToString(EWorkerState state);

// What a worker process tells the outside: who it is, one block of counters for each of its threads, and a gauge.
// It lies in shared memory, so it outlives the worker; the next process that gets the page counts on from there.
// Threads: as CCounters; the rest has one writer.
//
// The master believes what it has written itself: so a worker can't write the first part, nor what isn't its own
// (CScoreboard::KeepOnly). Of the rest it believes nothing that could hurt it.
struct SWorkerPage {
  static constexpr size_t kProtectedBytes = 4096;  // of the first part: a page of memory

  static constexpr size_t kMaxBusinessThreads = 256;  // of all pools
  static constexpr size_t kBlocks = kMaxBusinessThreads + 5;

  alignas(kProtectedBytes) std::atomic<int32_t> pid{0};  // 0: the page is free; written by the master, as the next five
  std::atomic<uint32_t> slot{0};
  std::atomic<uint32_t> process{0};  // its number, never used twice
  std::atomic<EWorkerState> state{EWorkerState::kStarting};
  std::atomic<int64_t> startedAt{0};    // in seconds of the monotonic clock
  std::atomic<uint64_t> generation{0};  // of the configuration that the worker runs, from 1
  alignas(kProtectedBytes) std::atomic<uint64_t> connectionsActive{
      0};                                // written by sb-io and sb-recycle under the pool's lock
  std::atomic<uint64_t> faultThread{0};  // the pthread_t of the thread that a fatal signal hit; 0: none
  SHeldBytes held;                       // the memory of what the connections have in the worker
  std::atomic<bool> isClosed{false};     // the worker has ended in order, and accounted for everything
  SLastWords lastWords;                  // why it hasn't
  CCounters io;
  CCounters send;
  CCounters recycle;
  CCounters heart;
  CCounters shared;  // threads that aren't ours: AddShared only
  std::array<CCounters, kMaxBusinessThreads> work;
  CNamedCounters named;  // the logic's own
  SHandOver handOver;
  SThreadTrace ioTrace;
  SThreadTrace sendTrace;
  SThreadTrace recycleTrace;
  SThreadTrace heartTrace;
  std::array<SThreadTrace, kMaxBusinessThreads> workTrace;

  CounterTotals Sum() const;
  // A worker process starts that has this page from now on. Threads: the master's.
  void Begin(int32_t worker, uint32_t workerSlot, uint32_t number, uint64_t ofGeneration, MonotonicTime now);
};

}  // namespace switchboard
