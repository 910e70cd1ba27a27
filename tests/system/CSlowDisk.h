#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <vector>

#include "misc/file/CFd.h"
#include "misc/thread/CMutex.h"
#include "misc/thread/CThread.h"
#include "tests/support/Eventually.h"

struct seccomp_notif;

namespace switchboard {

// A disk that can fall asleep: while it sleeps, the calls of one program and its children (SProgramOptions::p_disk) for
// files beneath a folder wait in the kernel, as they would for a disk that doesn't answer, until it wakes. It needs no
// privilege and no mount: the kernel asks us about each of these calls (seccomp_unotify(2)). Lives longer than the
// program.
// Threads: the test's; what is private, also a thread of its own.
class CSlowDisk {
 public:
  explicit CSlowDisk(std::filesystem::path folder);
  ~CSlowDisk();
  CSlowDisk(const CSlowDisk&) = delete;
  CSlowDisk& operator=(const CSlowDisk&) = delete;

  // From now on these calls (SYS_…) sleep.
  void Sleep(std::set<int> calls);
  // What sleeps goes on.
  void Wake();
  // How many of these calls sleep.
  size_t Sleeping(int call) const;
  bool WaitForSleeping(int call, size_t least = 1) const {
    return Eventually([&] { return Sleeping(call) >= least; });
  }

  // For CProgram. In the child, before exec: calls of the system only; false when the kernel can't do it.
  bool Enter() const;
  // In the parent, after the fork.
  void Attach();

 private:
  struct SSleeper {
    uint64_t id;
    int call;
  };

  void Run();
  void Judge(const seccomp_notif& asked) EXCLUDES(m_mutex);
  bool IsBeneath(const seccomp_notif& asked) const;
  void GoOn(uint64_t id, int error = 0) const;

  const std::filesystem::path m_folder;
  CFd m_childsEnd;  // of a pair of sockets, by which the child sends the listener
  CFd m_parentsEnd;
  CFd m_listener;
  CFd m_quit;  // an eventfd
  CThread m_thread;

  mutable CMutex m_mutex;
  std::set<int> m_calls GUARDED_BY(m_mutex);  // that sleep
  std::vector<SSleeper> m_sleepers GUARDED_BY(m_mutex);
};

}  // namespace switchboard
