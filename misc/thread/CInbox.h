#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "misc/thread/CMutex.h"
#include "misc/thread/CWakeup.h"

namespace switchboard {

// Notes for one thread that waits in epoll or poll; the descriptor is signalled only when that thread has gone to
// sleep. It has no bound of its own: its users post a small, fixed number of notes for each connection.
// Threads: Post by any; the rest by the one reader.
template <class Note>
class CInbox {
 public:
  int Fd() const { return m_wakeup.Fd(); }

  // A note that got lost would leave something undone for ever: where there is no memory for it, the process ends.
  void Post(Note note) noexcept {
    bool isAsleep;
    {
      CMutexLock lock(m_mutex);
      m_notes.push_back(std::move(note));
      isAsleep = std::exchange(m_isAsleep, false);
    }
    if (isAsleep) m_wakeup.Signal();
  }

  // Replaces `notes` by everything posted. When that is nothing, the reader may wait on Fd: the next Post signals it.
  void Take(std::vector<Note>& notes) {
    notes.clear();
    CMutexLock lock(m_mutex);
    m_notes.swap(notes);
    m_isAsleep = notes.empty();
  }

  // The reader has taken everything, and waits or is about to. Threads: any.
  bool IsAsleep() {
    CMutexLock lock(m_mutex);
    return m_isAsleep;
  }

  void ClearSignal() { m_wakeup.Clear(); }
  // Waits for a note, or for the deadline (none: for ever).
  void Wait(std::optional<MonotonicTime> deadline, MonotonicTime now) { m_wakeup.Wait(deadline, now); }

 private:
  CWakeup m_wakeup;
  CMutex m_mutex;
  std::vector<Note> m_notes GUARDED_BY(m_mutex);
  bool m_isAsleep GUARDED_BY(m_mutex) = false;
};

}  // namespace switchboard
