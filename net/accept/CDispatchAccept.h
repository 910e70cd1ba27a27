#pragma once

#include <deque>

#include "misc/thread/CMutex.h"
#include "misc/thread/CWakeup.h"
#include "net/accept/CAcceptStrategy.h"
#include "net/wire/Counters.h"

namespace switchboard {

// accept = "dispatch": the master accepts, and the worker's main thread puts what it was passed in here.
//
// The master keeps a duplicate of each socket until SHandOver::taken says that it has become a connection here: what a
// dead worker had not taken goes to another one.
// Threads: sb-io, but for Post, which any thread may call.
class CDispatchAccept final : public CAcceptStrategy {
 public:
  // The page's hand-over is this object's to write. `masterBell` tells the master to look at it; it outlives the
  // object.
  CDispatchAccept(SHandOver& handOver, CWakeup& masterBell) : m_handOver(handOver), m_masterBell(masterBell) {}

  // Takes a client of the listener with this index. An invalid `fd` is one whose descriptor got lost on the way,
  // because the process has no free one: the master gets it back.
  void Post(CFd fd, uint32_t listener);

  bool Arm(CEpoll& epoll, uint64_t key) override { return epoll.Add(m_wakeup.Fd(), EPOLLIN, key); }
  void Disarm(CEpoll& epoll) override { epoll.Remove(m_wakeup.Fd()); }
  bool Next(SNewcomer& newcomer) override;
  void OnAdopted() override;
  bool End(CEpoll& epoll, uint64_t key) override;
  bool IsOwed() const override { return true; }
  // What was posted and not taken is the master's again.
  void Close(CEpoll& epoll) override;

 private:
  struct SClient {
    CFd fd;
    uint32_t listener = 0;
  };

  // Lets go of those who got lost, up to the first one who didn't.
  void SkipLost();

  SHandOver& m_handOver;
  CWakeup& m_masterBell;
  CWakeup m_wakeup;
  std::deque<SClient> m_waiting;  // sb-io's
  bool m_hasTaken = false;        // since the last End
  bool m_hasLost = false;         // since Next said that there are no descriptors left

  CMutex m_mutex;
  std::deque<SClient> m_posted GUARDED_BY(m_mutex);
};

}  // namespace switchboard
