#include "proc/sys/CChannel.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "misc/file/CloseForeign.h"

namespace switchboard {

namespace {

struct SFixedPart {
  EMessage kind;
  EGoAwayReason reason;
  uint32_t listener;
};

constexpr size_t kMaxMessage = sizeof(SFixedPart) + CChannel::kMaxText;

// Of one message, by the kernel (SCM_MAX_FD). With less room the kernel would close what doesn't fit, and wait there.
constexpr size_t kMostDescriptors = 253;

// Whatever came is owned, and the first one counts.
CFd TakeDescriptor(msghdr& header) {
  CFd first;
  for (cmsghdr* p_control = CMSG_FIRSTHDR(&header); p_control != nullptr; p_control = CMSG_NXTHDR(&header, p_control)) {
    if (p_control->cmsg_level != SOL_SOCKET || p_control->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (p_control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(p_control) + i * sizeof(int), sizeof(int));
      CFd fd(number);
      if (first.IsValid()) {
        CloseForeign(std::move(fd));
      } else {
        first = std::move(fd);
      }
    }
  }
  return first;
}

}  // namespace

std::pair<CChannel, CChannel> CChannel::MakePair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  return {CChannel(CFd(ends[0])), CChannel(CFd(ends[1]))};
}

void CChannel::End() {
  if (!IsOpen()) return;
  ::shutdown(m_fd.Get(), SHUT_RD);  // from here on nothing can be sent
  SMessage message;
  do {
    CloseForeign(std::move(message.fd));
  } while (Receive(message) == EReceive::kMessage);
  Close();
}

bool CChannel::TrySend(const SMessage& message) { return Send(message, MSG_DONTWAIT); }

bool CChannel::Send(const SMessage& message, int flags) {
  SFixedPart fixed{message.kind, message.reason, message.listener};
  std::array<iovec, 2> parts{
      {{&fixed, sizeof(fixed)}, {const_cast<char*>(message.text.data()), std::min(message.text.size(), kMaxText)}}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  if (message.fd.IsValid()) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* p_control = CMSG_FIRSTHDR(&header);
    p_control->cmsg_level = SOL_SOCKET;
    p_control->cmsg_type = SCM_RIGHTS;
    p_control->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = message.fd.Get();
    std::memcpy(CMSG_DATA(p_control), &number, sizeof(int));
  }
  ssize_t sent = -1;
  do {
    sent = sendmsg(m_fd.Get(), &header, MSG_NOSIGNAL | flags);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

CChannel::EReceive CChannel::Receive(SMessage& message) {
  alignas(SFixedPart) std::array<char, kMaxMessage> bytes;
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t received = -1;
  do {
    received = recvmsg(m_fd.Get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    // Once, when the other end went without having read everything; what it sent before is still there.
  } while (received < 0 && errno == ECONNRESET);
  if (received < 0) return errno == EAGAIN || errno == EINTR ? EReceive::kNothing : EReceive::kClosed;
  CFd fd = TakeDescriptor(header);
  if (received < static_cast<ssize_t>(sizeof(SFixedPart))) {
    CloseForeign(std::move(fd));
    return EReceive::kClosed;
  }

  SFixedPart fixed;
  std::memcpy(&fixed, bytes.data(), sizeof(fixed));
  message.kind = fixed.kind;
  message.listener = fixed.listener;
  message.reason = fixed.reason;
  message.text.assign(bytes.data() + sizeof(fixed), static_cast<size_t>(received) - sizeof(fixed));
  message.fd = std::move(fd);
  return EReceive::kMessage;
}

}  // namespace switchboard
