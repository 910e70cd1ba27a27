#include "client-sim/message/CTransferLink.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "misc/CCrc32.h"
#include "net/wire/CFrameEncoder.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {

CTransferLink::CTransferLink(const CEndpoint& server, std::chrono::milliseconds patience) : m_in(kReadBytes) {
  int error = 0;
  for (size_t address = 0; address < server.Addresses(); ++address) {
    error = server.Connect(0, m_socket, address);
    if (error == 0) break;
  }
  if (error != 0) throw CLinkLost(fmt::format("could not connect to {}: {}", server.Text(), std::strerror(error)));
  timeval limit{};
  limit.tv_sec = patience.count() / 1000;
  limit.tv_usec = patience.count() % 1000 * 1000;
  ::setsockopt(m_socket.Get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(m_socket.Get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

void CTransferLink::Add(uint16_t msgCode, std::span<const std::byte> head, std::span<const std::byte> tail) {
  const size_t bodyBytes = head.size() + tail.size();
  if (bodyBytes > kMaxBodyBytes) throw std::runtime_error("a request that doesn't fit into a packet");
  const size_t at = m_out.size();
  m_out.resize(at + kHeaderBytes + bodyBytes);
  std::copy(head.begin(), head.end(), m_out.begin() + static_cast<ptrdiff_t>(at + kHeaderBytes));
  std::copy(tail.begin(), tail.end(), m_out.begin() + static_cast<ptrdiff_t>(at + kHeaderBytes + head.size()));
  CFrameEncoder::WriteHeader(m_out.data() + at, msgCode, bodyBytes);
  if (m_out.size() >= kGatherBytes) Flush();
}

void CTransferLink::Flush() {
  for (size_t sent = 0; sent < m_out.size();) {
    const ssize_t n = ::send(m_socket.Get(), m_out.data() + sent, m_out.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw CLinkLost(fmt::format("the server takes nothing: {}", std::strerror(errno)));
    sent += static_cast<size_t>(n);
  }
  m_out.clear();
}

void CTransferLink::ReadMore() {
  if (m_begin > 0) {
    std::memmove(m_in.data(), m_in.data() + m_begin, m_end - m_begin);
    m_end -= m_begin;
    m_begin = 0;
  }
  ssize_t n = 0;
  do {
    n = ::recv(m_socket.Get(), m_in.data() + m_end, m_in.size() - m_end, 0);
  } while (n < 0 && errno == EINTR);
  if (n == 0) throw CLinkLost("the server closed the connection");
  if (n < 0) throw CLinkLost(fmt::format("nothing from the server: {}", std::strerror(errno)));
  m_end += static_cast<size_t>(n);
}

SFrame CTransferLink::NextFrame() {
  for (;;) {
    const size_t there = m_end - m_begin;
    if (there >= kHeaderBytes) {
      const size_t bytes = SFrame::BytesAt(m_in.data() + m_begin);
      if (bytes < kHeaderBytes) throw std::runtime_error("a reply of an impossible length");
      if (bytes <= there) {
        const SFrame frame = SFrame::At(m_in.data() + m_begin);
        m_begin += bytes;
        return frame;
      }
    }
    ReadMore();
  }
}

std::span<const std::byte> CTransferLink::Receive(uint16_t msgCode) {
  const SFrame frame = NextFrame();
  if (CCrc32::Of(frame.body) != frame.crc32) throw std::runtime_error("a reply with a wrong CRC");
  if (frame.msgCode == kGoAwayCode) throw CLinkLost("the server asks to connect again");
  if (frame.msgCode == kRejectCode && frame.body.size() == sizeof(SRejectBody)) {
    SRejectBody body;
    std::memcpy(&body, frame.body.data(), sizeof(body));
    const char* p_hint = body.reason == 2 ? ": it offers no files" : "";
    throw std::runtime_error(
        fmt::format("the server rejects code {}, reason {}{}", body.msgCode.value(), body.reason.value(), p_hint));
  }
  if (frame.msgCode != msgCode) {
    throw std::runtime_error(fmt::format("code {} was answered with code {}", msgCode, frame.msgCode));
  }
  return frame.body;
}

}  // namespace switchboard::sim
