#pragma once

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "misc/CopyShort.h"
#include "misc/count/SWorkerPage.h"

namespace switchboard {

// Writes down what its thread is at, in the scoreboard: a few relaxed stores, no clock.
// Threads: the one whose trace it is.
class CTrace {
 public:
  explicit CTrace(SThreadTrace& trace) : m_trace(trace) {
    // A worker that died here may have left its trace in the middle of something.
    m_trace.ticks.store((Ticks() + 1) & ~uint64_t{1}, std::memory_order_relaxed);
    EndPacket();
    EndUserCode();
  }

  // A piece of work begins; until End the thread doesn't wait for anything new.
  void Begin() { m_trace.ticks.store(Ticks() | 1, std::memory_order_relaxed); }
  // The piece of work moves on: whoever watches begins to count anew.
  void Step() { m_trace.ticks.store(Ticks() + 2, std::memory_order_relaxed); }
  void End() { m_trace.ticks.store((Ticks() + 1) & ~uint64_t{1}, std::memory_order_relaxed); }

  // The packets that follow are those of the session in `slot`.
  void BeginSession(uint32_t slot, uint32_t generation, const std::array<uint64_t, 3>& peer) {
    m_trace.slot.store(slot, std::memory_order_relaxed);
    m_trace.generation.store(generation, std::memory_order_relaxed);
    for (size_t i = 0; i < peer.size(); ++i) m_trace.peer[i].store(peer[i], std::memory_order_relaxed);
    NoteThread();
  }
  // The handler of `frame` (header included) is about to run.
  [[gnu::always_inline]] void BeginPacket(std::span<const std::byte> frame) {
    Step();
    CopyShort(m_trace.packet.data(), frame.first(std::min(frame.size(), m_trace.packet.size())));
    m_trace.packetBytes.store(static_cast<uint32_t>(frame.size()), std::memory_order_release);
  }
  void EndPacket() { m_trace.packetBytes.store(0, std::memory_order_relaxed); }

  // Code of the user's is about to run that handles no packet: what dies in it is no packet's fault.
  void BeginUserCode(EUserCode code) {
    Step();
    NoteThread();
    m_trace.userCode.store(code, std::memory_order_release);
  }
  void EndUserCode() { m_trace.userCode.store(EUserCode::kNone, std::memory_order_relaxed); }

  // Marks user's code for as long as it lives.
  class CMark {
   public:
    CMark(CTrace& trace, EUserCode code) : m_trace(trace) { m_trace.BeginUserCode(code); }
    ~CMark() { m_trace.EndUserCode(); }
    CMark(const CMark&) = delete;
    CMark& operator=(const CMark&) = delete;

   private:
    CTrace& m_trace;
  };

 private:
  void NoteThread() {
    if (m_thread == 0) m_thread = pthread_self();
    m_trace.thread.store(m_thread, std::memory_order_relaxed);
  }
  uint64_t Ticks() const { return m_trace.ticks.load(std::memory_order_relaxed); }

  SThreadTrace& m_trace;
  uint64_t m_thread = 0;  // once it is known: a trace is made before its thread
};

}  // namespace switchboard
