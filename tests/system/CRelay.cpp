#include "tests/system/CRelay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include "tests/support/Eventually.h"

namespace switchboard {

namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

CRelay::CRelay(uint16_t serverPort, uint64_t bytes)
    : m_serverPort(serverPort), m_left(bytes), m_listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  if (::bind(m_listener.Get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      ::listen(m_listener.Get(), 8) != 0 ||
      ::getsockname(m_listener.Get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "relay");
  }
  m_port = ntohs(address.sin_port);
  m_thread = CThread("test-relay", [this] { Run(); });
}

CRelay::~CRelay() {
  m_isStopping = true;
  m_wakeup.Signal();
  m_thread.Join();
}

bool CRelay::WaitUntilUsedUp() const {
  return Eventually([this] { return m_left == 0; });
}

void CRelay::Open() {
  m_left = UINT64_MAX;
  m_wakeup.Signal();
}

void CRelay::Drop() {
  m_client.Reset();
  m_server.Reset();
}

void CRelay::Accept() {
  Drop();
  m_client.Reset(::accept4(m_listener.Get(), nullptr, nullptr, SOCK_CLOEXEC));
  m_server.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(m_serverPort);
  if (::connect(m_server.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) Drop();
}

bool CRelay::Pass(const CFd& from, const CFd& to) {
  std::array<std::byte, 65536> bytes;
  const uint64_t left = m_left;
  const ssize_t n = ::recv(from.Get(), bytes.data(), std::min<uint64_t>(bytes.size(), left), 0);
  if (n <= 0) return false;
  if (left != UINT64_MAX) m_left = left - static_cast<uint64_t>(n);
  for (ssize_t sent = 0; sent < n;) {
    const ssize_t more = ::send(to.Get(), bytes.data() + sent, static_cast<size_t>(n - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return true;
}

void CRelay::Run() {
  while (!m_isStopping) {
    // Without bytes left, only an end is waited for.
    const short events = m_left > 0 ? POLLIN : POLLRDHUP;
    std::array<pollfd, 4> polled{{{m_wakeup.Fd(), POLLIN, 0},
                                  {m_listener.Get(), POLLIN, 0},
                                  {m_client.Get(), events, 0},
                                  {m_server.Get(), events, 0}}};
    ::poll(polled.data(), polled.size(), -1);
    if (polled[0].revents != 0) m_wakeup.Clear();
    const auto isGood = [&](const pollfd& side, const CFd& from, const CFd& to) {
      return side.revents == 0 || ((side.revents & POLLIN) != 0 && Pass(from, to));
    };
    if (m_client.IsValid() && (!isGood(polled[2], m_client, m_server) || !isGood(polled[3], m_server, m_client))) {
      Drop();
    }
    if (polled[1].revents != 0) Accept();
  }
}

}  // namespace switchboard
