#include "tests/unit/client-sim/load/CFaultyServer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace switchboard::sim {

CFaultyServer::CFaultyServer(Script script)
    : m_script(std::move(script)), m_listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(m_listener.Get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(m_listener.Get(), 128) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  m_thread = CThread("faulty", [this] { Serve(); });
}

CFaultyServer::~CFaultyServer() {
  m_stop.Signal();
  m_thread.Join();
}

std::string CFaultyServer::Address() const {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  ::getsockname(m_listener.Get(), reinterpret_cast<sockaddr*>(&address), &length);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

void CFaultyServer::Serve() {
  for (;;) {
    std::vector<pollfd> fds{{m_stop.Fd(), POLLIN, 0}, {m_listener.Get(), POLLIN, 0}};
    for (const auto& p_peer : m_peers) fds.push_back({p_peer->fd.Get(), POLLIN, 0});
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return;
    for (size_t i = 2; i < fds.size(); ++i) {
      if (fds[i].revents != 0) ServePeer(*m_peers[i - 2]);
    }
    std::erase_if(m_peers, [](const auto& p_peer) { return p_peer->isOver; });
    if (fds[1].revents != 0) {
      m_peers.push_back(std::make_unique<SPeer>());
      m_peers.back()->fd.Reset(::accept4(m_listener.Get(), nullptr, nullptr, SOCK_CLOEXEC));
      m_accepted.fetch_add(1);
    }
  }
}

void CFaultyServer::ServePeer(SPeer& peer) {
  std::array<std::byte, 65536> buffer;
  const ssize_t bytes = ::recv(peer.fd.Get(), buffer.data(), buffer.size(), 0);
  if (bytes <= 0) {
    peer.isOver = true;
    return;
  }
  const auto cut = peer.decoder.Feed(std::span(buffer).first(static_cast<size_t>(bytes)), kMaxPacketBytes);
  peer.isOver = !Answer(peer, cut.head) || !Answer(peer, cut.rest);
}

bool CFaultyServer::Answer(SPeer& peer, std::span<const std::byte> frames) {
  while (!frames.empty()) {
    const auto frame = frames.first(SFrame::BytesAt(frames.data()));
    frames = frames.subspan(frame.size());
    const SAction action = m_script(m_requests++, frame);
    ::send(peer.fd.Get(), action.bytes.data(), action.bytes.size(), MSG_NOSIGNAL);
    if (action.isReset) {
      const linger now{1, 0};
      ::setsockopt(peer.fd.Get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    if (action.isClose || action.isReset) return false;
  }
  return true;
}

}  // namespace switchboard::sim
