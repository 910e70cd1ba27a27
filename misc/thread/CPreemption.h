#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace switchboard {

// Says whether the threads that serve take a core at once from handlers of less weight that compute on it.
//
// They wake each other all the time. Under SCHED_BATCH, which they have mostly, the woken one doesn't preempt the one
// that runs, so that turns stay large and switches few: with all threads on one core a request cost the pool a tenth
// less CPU time at 64 connections × depth 1, and a fifth less at 64 × 16 (bench/compare.sh). But neither do they
// preempt a handler that computes there: they would wait for the scheduler's next tick, of some milliseconds
// (bench/logins.sh). So as long as there are such handlers, and a moment longer, they are under SCHED_OTHER. Neither
// needs a privilege, and where the change is refused nothing but that is lost.
// Threads: as said at each method.
class CPreemption {
 public:
  // One of the threads that serve, which changes its own policy. Threads: that one.
  class CFollower {
   public:
    explicit CFollower(const CPreemption& preemption) : m_preemption(preemption) {}
    // Before it works.
    void Follow() {
      if (m_preemption.IsWanted() != m_preempts) [[unlikely]]
        Switch();
    }

   private:
    void Switch();

    const CPreemption& m_preemption;
    bool m_preempts = false;
  };

  // Gives the calling thread, and those that it will start, SCHED_BATCH. Threads: the worker's main thread.
  static void KeepTurnsWhole();
  // Gives the calling thread a sixty-eighth of the weight of others, so that a few such threads together take less than
  // a tenth of a core that is wanted by all. Threads: one that runs handlers of less weight.
  static void TakeLessWeight();

  // Around what is run with less weight. Threads: those of less weight.
  void Begin() {
    m_running.fetch_add(1, std::memory_order_seq_cst);
    if (!IsWanted()) m_isWanted.store(true, std::memory_order_seq_cst);
  }
  void End();
  bool IsWanted() const { return m_isWanted.load(std::memory_order_relaxed); }
  // Ends it when it isn't wanted any more. Threads: sb-io.
  void Look() {
    if (IsWanted()) [[unlikely]]
      EndIfOver();
  }

 private:
  // A change costs each thread a system call: handlers that follow each other closely are one wish.
  static constexpr std::chrono::milliseconds kMoment{100};

  void EndIfOver();

  std::atomic<bool> m_isWanted{false};
  std::atomic<uint32_t> m_running{0};
  std::atomic<int64_t> m_lastEnd{0};
};

}  // namespace switchboard
