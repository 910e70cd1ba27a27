#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "misc/file/CFd.h"
#include "misc/thread/CThread.h"
#include "misc/thread/CWakeup.h"
#include "net/wire/CFrameDecoder.h"

namespace switchboard::sim {

// A server for tests that answers as badly as it is told to: a script sees each request and says what goes back.
// Threads: one serves; the owner's constructs and destroys.
class CFaultyServer {
 public:
  struct SAction {
    std::vector<std::byte> bytes;  // sent at once, in order
    bool isClose = false;          // after `bytes`
    bool isReset = false;          // instead, with RST
  };
  // `number` counts the requests of all connections from 0; `frame` is the request with its header.
  using Script = std::function<SAction(uint64_t number, std::span<const std::byte> frame)>;

  explicit CFaultyServer(Script script);
  ~CFaultyServer();

  // HOST:PORT
  std::string Address() const;
  uint64_t Connections() const { return m_accepted.load(); }

 private:
  struct SPeer {
    CFd fd;
    CFrameDecoder decoder;
    bool isOver = false;
  };

  void Serve();
  void ServePeer(SPeer& peer);
  bool Answer(SPeer& peer, std::span<const std::byte> frames);

  const Script m_script;
  CFd m_listener;
  CWakeup m_stop;
  std::atomic<uint64_t> m_accepted{0};
  uint64_t m_requests = 0;
  std::vector<std::unique_ptr<SPeer>> m_peers;
  CThread m_thread;
};

}  // namespace switchboard::sim
