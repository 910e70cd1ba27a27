#include "tests/support/CTestClient.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "misc/CCrc32.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/CFrameEncoder.h"

namespace switchboard {

namespace {

using Deadline = std::chrono::steady_clock::time_point;

[[noreturn]] void ThrowErrno(const char* p_what) { throw std::system_error(errno, std::generic_category(), p_what); }

CFd MakeSocket(int receiveBufferBytes) {
  CFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.IsValid()) ThrowErrno("socket");
  if (receiveBufferBytes > 0) {
    // Before the connection is made, so that the window that the peer sees is small from the beginning.
    ::setsockopt(fd.Get(), SOL_SOCKET, SO_RCVBUF, &receiveBufferBytes, sizeof(receiveBufferBytes));
  }
  return fd;
}

Deadline In(std::chrono::milliseconds patience) { return std::chrono::steady_clock::now() + patience; }

}  // namespace

Bytes ToBytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Bytes MakeFrame(uint16_t msgCode, std::span<const std::byte> body) {
  Bytes frame(kHeaderBytes + body.size());
  CFrameEncoder::WriteFrame(frame.data(), msgCode, body);
  return frame;
}

Bytes MakeFrame(uint16_t msgCode, std::string_view body) { return MakeFrame(msgCode, std::as_bytes(std::span(body))); }

void Append(Bytes& bytes, std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

std::string SReceivedFrame::Text() const { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

CTestClient::CTestClient(uint16_t port, int receiveBufferBytes) : CTestClient(MakeSocket(receiveBufferBytes), port) {}

CTestClient::CTestClient(CFd fd, uint16_t port) : m_fd(std::move(fd)) {
  const int on = 1;
  ::setsockopt(m_fd.Get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(m_fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) ThrowErrno("connect");
}

bool CTestClient::SendRaw(std::span<const std::byte> bytes, std::chrono::milliseconds patience) {
  const Deadline deadline = In(patience);
  while (!bytes.empty()) {
    const ssize_t n = ::send(m_fd.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(n));
    } else if (errno != EAGAIN || !WaitFor(POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

bool CTestClient::SendFrame(uint16_t msgCode, std::span<const std::byte> body) {
  return SendRaw(MakeFrame(msgCode, body));
}

bool CTestClient::SendFrame(uint16_t msgCode, std::string_view body) { return SendRaw(MakeFrame(msgCode, body)); }

std::optional<SReceivedFrame> CTestClient::ReceiveFrame(std::chrono::milliseconds patience) {
  const Deadline deadline = In(patience);
  for (;;) {
    const std::span<const std::byte> rest = std::span(m_received).subspan(m_consumed);
    if (rest.size() >= kHeaderBytes) {
      const size_t bytes = SFrame::BytesAt(rest.data());
      if (bytes < kHeaderBytes) throw std::runtime_error("received a frame with a bad length");
      if (rest.size() >= bytes) {
        const SFrame frame = SFrame::At(rest.data());
        if (CCrc32::Of(frame.body) != frame.crc32) throw std::runtime_error("received a frame with a bad CRC");
        m_consumed += bytes;
        return SReceivedFrame{frame.msgCode, {frame.body.begin(), frame.body.end()}};
      }
    }
    if (!ReceiveSome(deadline)) return std::nullopt;
  }
}

bool CTestClient::WaitForClose(std::chrono::milliseconds patience) { return WaitForEnd(patience) != EEnd::kNotYet; }

bool CTestClient::WaitForReset(std::chrono::milliseconds patience) { return WaitForEnd(patience) == EEnd::kReset; }

CTestClient::EEnd CTestClient::WaitForEnd(std::chrono::milliseconds patience) {
  const Deadline deadline = In(patience);
  while (ReceiveSome(deadline)) {
    m_received.clear();
    m_consumed = 0;
  }
  return m_end;
}

bool CTestClient::ReceiveSome(Deadline deadline) {
  if (m_end != EEnd::kNotYet) return false;
  m_received.erase(m_received.begin(), m_received.begin() + static_cast<std::ptrdiff_t>(m_consumed));
  m_consumed = 0;
  constexpr size_t kMostBytes = 64 * 1024;
  const size_t before = m_received.size();
  m_received.resize(before + kMostBytes);
  ssize_t n;
  do {
    n = ::recv(m_fd.Get(), m_received.data() + before, kMostBytes, MSG_DONTWAIT);
  } while (n < 0 && errno == EAGAIN && WaitFor(POLLIN, deadline));
  m_received.resize(before + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (n == 0) m_end = EEnd::kOrderly;
  if (n < 0 && errno != EAGAIN) m_end = EEnd::kReset;
  return n > 0;
}

bool CTestClient::WaitFor(short events, Deadline deadline) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) {
    errno = EAGAIN;
    return false;
  }
  pollfd wanted{m_fd.Get(), events, 0};
  const int n = ::poll(&wanted, 1, static_cast<int>(left.count()));
  if (n == 0) errno = EAGAIN;
  return n > 0;
}

void CTestClient::ShutdownWrite() { ::shutdown(m_fd.Get(), SHUT_WR); }

void CTestClient::Rst() {
  const linger atOnce{1, 0};
  ::setsockopt(m_fd.Get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
  m_fd.Reset();
}

uint16_t CTestClient::LocalPort() const {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (::getsockname(m_fd.Get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) ThrowErrno("getsockname");
  return ntohs(address.sin_port);
}

}  // namespace switchboard
