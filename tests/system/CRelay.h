#pragma once

#include <atomic>
#include <cstdint>

#include "misc/file/CFd.h"
#include "misc/thread/CThread.h"
#include "misc/thread/CWakeup.h"

namespace switchboard {

// Stands between a client and a server, and lets only so many bytes through, both ways together, until it is opened: so
// a test finds both in the middle of what they do, however fast they are. A new client takes the place of the one
// before.
// Threads: one serves; the methods are the test's.
class CRelay {
 public:
  CRelay(uint16_t serverPort, uint64_t bytes);
  ~CRelay();
  CRelay(const CRelay&) = delete;
  CRelay& operator=(const CRelay&) = delete;

  uint16_t Port() const { return m_port; }
  // Waits until the bytes are used up.
  bool WaitUntilUsedUp() const;
  // From now on everything passes.
  void Open();

 private:
  void Run();
  void Accept();
  // Passes on what there is; false when one side has ended.
  bool Pass(const CFd& from, const CFd& to);
  void Drop();

  const uint16_t m_serverPort;
  uint16_t m_port = 0;
  std::atomic<uint64_t> m_left;
  std::atomic<bool> m_isStopping{false};
  CFd m_listener;
  CFd m_client;
  CFd m_server;
  CWakeup m_wakeup;
  CThread m_thread;
};

}  // namespace switchboard
