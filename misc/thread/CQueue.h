#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// A bounded FIFO queue that is emptied in one go: the consumer swaps its empty vector for the full one, so the lock is
// taken once per batch and both vectors keep their storage. A push costs a wake-up only if a consumer sleeps and
// nobody has woken it yet.
// When it is full, nothing waits and nothing is dropped here: Push refuses, and the item stays with the caller, who
// has to answer for it. The bound counts what waits in the queue, not the batch that a consumer has taken.
// Threads: any number of producers and consumers.
template <class T>
class CQueue {
 public:
  explicit CQueue(size_t capacity) : m_capacity(capacity) {}
  CQueue(const CQueue&) = delete;
  CQueue& operator=(const CQueue&) = delete;

  // False, with `item` untouched, when the queue is full or closed.
  bool Push(T&& item) { return Push(std::span<T>(&item, 1)) == 1; }

  // Moves as many from the front of `batch` as there is room for, back to back, and returns how many; the rest is
  // untouched. 0 when closed.
  size_t Push(std::span<T> batch) EXCLUDES(m_mutex) {
    size_t taken = 0;
    bool mustWake = false;
    {
      const CMutexLock lock(m_mutex);
      if (m_isClosed) return 0;
      taken = std::min(batch.size(), m_capacity - m_items.size());
      // A queue that isn't empty has woken its consumer already, and one consumer takes all.
      mustWake = m_sleepers != 0 && m_items.empty() && taken != 0;
      const auto end = batch.begin() + static_cast<std::ptrdiff_t>(taken);
      m_items.insert(m_items.end(), std::make_move_iterator(batch.begin()), std::make_move_iterator(end));
    }
    if (mustWake) m_isNotEmpty.NotifyOne();
    return taken;
  }

  // Waits for items and moves all of them to `out`, whose former content is lost.
  // False once the queue is closed and empty.
  bool PopAll(std::vector<T>& out) EXCLUDES(m_mutex) {
    out.clear();
    const CMutexLock lock(m_mutex);
    ++m_sleepers;
    while (m_items.empty() && !m_isClosed) m_isNotEmpty.Wait(m_mutex);
    --m_sleepers;
    return Take(out);
  }

  // As PopAll; when the deadline passes first it returns true with `out` empty.
  bool PopAll(std::vector<T>& out, MonotonicTime deadline) EXCLUDES(m_mutex) {
    out.clear();
    const CMutexLock lock(m_mutex);
    ++m_sleepers;
    while (m_items.empty() && !m_isClosed) {
      if (!m_isNotEmpty.WaitUntil(m_mutex, deadline)) break;
    }
    --m_sleepers;
    return Take(out);
  }

  // Nothing waits here, and a consumer waits for something.
  bool IsAwaited() EXCLUDES(m_mutex) {
    const CMutexLock lock(m_mutex);
    return m_items.empty() && m_sleepers != 0;
  }

  // From now on pushes are refused; what is queued can still be popped. Wakes every consumer.
  void Close() EXCLUDES(m_mutex) {
    {
      const CMutexLock lock(m_mutex);
      m_isClosed = true;
    }
    m_isNotEmpty.NotifyAll();
  }

 private:
  bool Take(std::vector<T>& out) REQUIRES(m_mutex) {
    out.swap(m_items);
    return !out.empty() || !m_isClosed;
  }

  // Constant after construction.
  const size_t m_capacity;

  // Self-synchronised.
  CMutex m_mutex;
  CCondition m_isNotEmpty;

  std::vector<T> m_items GUARDED_BY(m_mutex);
  size_t m_sleepers GUARDED_BY(m_mutex) = 0;
  bool m_isClosed GUARDED_BY(m_mutex) = false;
};

}  // namespace switchboard
