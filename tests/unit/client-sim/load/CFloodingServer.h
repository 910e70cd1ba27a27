#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "misc/file/CFd.h"
#include "misc/thread/CThread.h"
#include "misc/thread/CWakeup.h"
#include "net/wire/CFrameEncoder.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {

// A Reject for overload of one message code.
inline std::vector<std::byte> RejectOf(uint16_t msgCode, uint16_t reason = 6) {
  SRejectBody body{};
  body.msgCode = msgCode;
  body.reason = reason;
  std::vector<std::byte> frame(kHeaderBytes + sizeof(body));
  CFrameEncoder::WriteFrame(frame.data(), kRejectCode, std::as_bytes(std::span(&body, 1)));
  return frame;
}

// A server for tests that sends one frame over and over, whatever its client does, until the client is gone.
// Threads: one serves; the owner's constructs and destroys, once the client is gone.
class CFloodingServer {
 public:
  explicit CFloodingServer(const std::vector<std::byte>& frame) : m_listener(CEndpoint("127.0.0.1:0").Listen()) {
    while (m_flood.size() < 64 * 1024) m_flood.insert(m_flood.end(), frame.begin(), frame.end());
    m_thread = CThread("flooding", [this] { Serve(); });
  }
  ~CFloodingServer() {
    m_stop.Signal();
    m_thread.Join();
  }
  std::string Address() const { return CEndpoint::LocalTextOf(m_listener); }

 private:
  void Serve() {
    std::array<pollfd, 2> fds{{{m_stop.Fd(), POLLIN, 0}, {m_listener.Get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return;
    const CFd peer(::accept4(m_listener.Get(), nullptr, nullptr, SOCK_CLOEXEC));
    size_t at = 0;
    for (;;) {
      const ssize_t sent = ::send(peer.Get(), m_flood.data() + at, m_flood.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at = (at + static_cast<size_t>(sent)) % m_flood.size();
    }
  }

  CFd m_listener;
  CWakeup m_stop;
  std::vector<std::byte> m_flood;
  CThread m_thread;
};

}  // namespace switchboard::sim
