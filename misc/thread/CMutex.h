#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "misc/thread/Annotations.h"

namespace switchboard {

// Sleeps on a word of this process's memory, and wakes those who do: futex(2).
// Threads: any. Sleeps may end without a cause.
class CFutex {
 public:
  using Word = std::atomic<uint32_t>;

  // Sleeps while the word is `value`.
  static void Wait(const Word& word, uint32_t value);
  // Returns false when the deadline passed.
  static bool WaitUntil(const Word& word, uint32_t value, std::chrono::steady_clock::time_point deadline);
  static void WakeOne(Word& word);
  static void WakeAll(Word& word);
};

// A mutex of 4 bytes that clang's thread-safety analysis understands: each connection has two, and a packet on its way
// through the pool takes five, mostly nobody else's, which is one exchange inline. (A std::mutex has 40 bytes, and two
// calls of 25 instructions.)
// Source: the third mutex of U. Drepper, "Futexes Are Tricky", 2011.
// Threads: any. The house has no lock order: never take a second lock while holding one.
class CAPABILITY("mutex") CMutex {
 public:
  CMutex() = default;
  CMutex(const CMutex&) = delete;
  CMutex& operator=(const CMutex&) = delete;

  void Lock() ACQUIRE() {
    uint32_t word = kFree;
    if (!m_word.compare_exchange_strong(word, kHeld, std::memory_order_acquire)) [[unlikely]]
      Await();
  }
  void Unlock() RELEASE() {
    if (m_word.exchange(kFree, std::memory_order_release) == kAwaited) [[unlikely]]
      CFutex::WakeOne(m_word);
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;
  static constexpr uint32_t kAwaited = 2;  // held, and somebody may sleep

  [[gnu::noinline]] void Await();

  CFutex::Word m_word{kFree};
};

// Holds a CMutex from construction to the end of the scope.
class SCOPED_CAPABILITY CMutexLock {
 public:
  explicit CMutexLock(CMutex& mutex) ACQUIRE(mutex) : m_mutex(mutex) { m_mutex.Lock(); }
  ~CMutexLock() RELEASE() { m_mutex.Unlock(); }
  CMutexLock(const CMutexLock&) = delete;
  CMutexLock& operator=(const CMutexLock&) = delete;

 private:
  CMutex& m_mutex;
};

// A condition variable for CMutex; deadlines are monotonic. What is waited for changes under the mutex; who changed it
// notifies afterwards, best without the mutex, which costs no system call while nobody waits.
// Threads: any. Wake-ups may be spurious: wait in a loop over the condition.
class CCondition {
 public:
  void Wait(CMutex& mutex) REQUIRES(mutex);
  // Returns false when the deadline passed.
  bool WaitUntil(CMutex& mutex, std::chrono::steady_clock::time_point deadline) REQUIRES(mutex);

  void NotifyOne() {
    if (IsAwaited()) CFutex::WakeOne(m_sequence);
  }
  void NotifyAll() {
    if (IsAwaited()) CFutex::WakeAll(m_sequence);
  }

 private:
  // When anybody waits, the sequence goes on: who was about to sleep doesn't.
  bool IsAwaited() {
    if (m_waiters.load(std::memory_order_relaxed) == 0) return false;
    m_sequence.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  std::atomic<uint32_t> m_waiters{0};  // counted under the mutex, so nobody who must be woken is missed
  CFutex::Word m_sequence{0};
};

}  // namespace switchboard
