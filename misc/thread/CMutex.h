#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "misc/thread/Annotations.h"

namespace switchboard {

// A std::mutex that clang's thread-safety analysis understands.
// Threads: any. The house has no lock order: never take a second lock while holding one.
class CAPABILITY("mutex") CMutex {
 public:
  CMutex() = default;
  CMutex(const CMutex&) = delete;
  CMutex& operator=(const CMutex&) = delete;

  void Lock() ACQUIRE() { m_native.lock(); }
  void Unlock() RELEASE() { m_native.unlock(); }

 private:
  friend class CCondition;
  std::mutex m_native;
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

// A condition variable for CMutex; deadlines are monotonic.
// Threads: any. Wake-ups may be spurious: wait in a loop over the condition.
class CCondition {
 public:
  void Wait(CMutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.m_native, std::adopt_lock);
    m_native.wait(lock);
    lock.release();
  }

  // Returns false when the deadline passed.
  bool WaitUntil(CMutex& mutex, std::chrono::steady_clock::time_point deadline) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.m_native, std::adopt_lock);
    const bool isInTime = m_native.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return isInTime;
  }

  void NotifyOne() { m_native.notify_one(); }
  void NotifyAll() { m_native.notify_all(); }

 private:
  std::condition_variable m_native;
};

}  // namespace switchboard
