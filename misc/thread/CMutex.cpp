#include "misc/thread/CMutex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace switchboard {

namespace {

long Call(const CFutex::Word& word, int operation, uint32_t value, const timespec* p_deadline = nullptr) {
  static_assert(sizeof(word) == sizeof(uint32_t) && CFutex::Word::is_always_lock_free);
  return ::syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, p_deadline, nullptr,
                   FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void CFutex::Wait(const Word& word, uint32_t value) { Call(word, FUTEX_WAIT_BITSET, value); }

bool CFutex::WaitUntil(const Word& word, uint32_t value, std::chrono::steady_clock::time_point deadline) {
  // std::chrono::steady_clock is CLOCK_MONOTONIC, and so is the deadline of FUTEX_WAIT_BITSET.
  const auto sinceBoot = std::max(deadline.time_since_epoch(), std::chrono::steady_clock::duration::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(sinceBoot);
  timespec at{};
  at.tv_sec = seconds.count();
  at.tv_nsec = std::chrono::nanoseconds(sinceBoot - seconds).count();
  return Call(word, FUTEX_WAIT_BITSET, value, &at) == 0 || errno != ETIMEDOUT;
}

void CFutex::WakeOne(Word& word) { Call(word, FUTEX_WAKE, 1); }

void CFutex::WakeAll(Word& word) { Call(word, FUTEX_WAKE, std::numeric_limits<int32_t>::max()); }

void CMutex::Await() {
  while (m_word.exchange(kAwaited, std::memory_order_acquire) != kFree) CFutex::Wait(m_word, kAwaited);
}

void CCondition::Wait(CMutex& mutex) {
  m_waiters.fetch_add(1, std::memory_order_relaxed);
  const uint32_t sequence = m_sequence.load(std::memory_order_relaxed);
  mutex.Unlock();
  CFutex::Wait(m_sequence, sequence);
  mutex.Lock();
  m_waiters.fetch_sub(1, std::memory_order_relaxed);
}

bool CCondition::WaitUntil(CMutex& mutex, std::chrono::steady_clock::time_point deadline) {
  m_waiters.fetch_add(1, std::memory_order_relaxed);
  const uint32_t sequence = m_sequence.load(std::memory_order_relaxed);
  mutex.Unlock();
  const bool isInTime = CFutex::WaitUntil(m_sequence, sequence, deadline);
  mutex.Lock();
  m_waiters.fetch_sub(1, std::memory_order_relaxed);
  return isInTime;
}

}  // namespace switchboard
