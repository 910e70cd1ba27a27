#include "proc/worker/Reservation.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "proc/sys/ListeningSockets.h"

namespace switchboard {

namespace {

enum : unsigned { kReuseAddress = 1, kReusePort = 2 };

void SetOption(int fd, int level, int option, int value = 1) {
  if (setsockopt(fd, level, option, &value, sizeof(value)) != 0) {
    throw std::system_error(errno, std::generic_category(), "setsockopt");
  }
}

CFd MakeBound(const CSocketAddress& address, unsigned reuse) {
  CFd fd(socket(address.Family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.IsValid()) throw std::system_error(errno, std::generic_category(), "socket");
  if ((reuse & kReuseAddress) != 0) SetOption(fd.Get(), SOL_SOCKET, SO_REUSEADDR);
  if ((reuse & kReusePort) != 0) SetOption(fd.Get(), SOL_SOCKET, SO_REUSEPORT);
  // So that "::" and "0.0.0.0" can stand side by side, each serving its own.
  if (address.Family() == AF_INET6) SetOption(fd.Get(), IPPROTO_IPV6, IPV6_V6ONLY);
  if (bind(fd.Get(), address.Data(), address.Size()) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind");
  }
  return fd;
}

}  // namespace

CFd OpenListener(const CSocketAddress& address, uint32_t backlog) {
  CFd fd = MakeBound(address, kReuseAddress | kReusePort);
  if (listen(fd.Get(), static_cast<int>(backlog)) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen");
  }
  return fd;
}

// Bound while it shares its address with nobody, so that of two servers that start at the same moment one is refused;
// then it lets the workers in. Without SO_REUSEADDR it stops a second server even before the workers listen.
// Connections that rest in TIME_WAIT on this port forbid to bind so, and don't matter: with SO_REUSEADDR for that one
// call, the kernel refuses an address that anybody listens on.
CFd ReserveAlone(const CSocketAddress& address) {
  CFd fd;
  try {
    fd = MakeBound(address, 0);
  } catch (const std::system_error& error) {
    if (error.code().value() != EADDRINUSE) throw;
    fd = MakeBound(address, kReuseAddress);
    SetOption(fd.Get(), SOL_SOCKET, SO_REUSEADDR, 0);
  }
  SetOption(fd.Get(), SOL_SOCKET, SO_REUSEPORT);
  return fd;
}

// Sharing lets in whoever shares as well, and is of the same user: that there is nobody has to be looked up. Who only
// reserves isn't seen there, and can't be in the way: a server that starts reserves alone.
CFd ReserveBeside(const CSocketAddress& address, const std::set<uint64_t>& own) {
  const std::vector<SListeningSocket> there = ListeningSockets(address);
  const bool isOthers =
      std::any_of(there.begin(), there.end(), [&](const auto& socket) { return !own.contains(socket.inode); });
  if (isOthers) throw std::system_error(EADDRINUSE, std::generic_category(), "bind");
  try {
    CFd fd = MakeBound(address, kReuseAddress | kReusePort);
    SetOption(fd.Get(), SOL_SOCKET, SO_REUSEADDR, 0);
    return fd;
  } catch (const std::system_error& error) {
    if (error.code().value() != EADDRINUSE) throw;
    throw std::runtime_error("it can't stand beside the socket that the service manager has opened for this server");
  }
}

// A socket filter sees the TCP header of each segment that is for the listener. A SYN without an ACK is dropped; the
// ACK that ends a handshake is not.
void TurnAwayForGood(int listener) {
  constexpr uint32_t kFlagsAt = 13;
  constexpr uint32_t kSyn = 0x02;
  constexpr uint32_t kAck = 0x10;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsAt),    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  if (setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) TurnAwayToOthers(listener);
}

// Bound to an interface that there isn't, it is found for no SYN. A handshake that has begun knows its listener.
// Where that fails, a few may be reset: those who come between the last look at a queue and its end.
void TurnAwayToOthers(int listener) {
  const int nowhere = INT_MAX;
  setsockopt(listener, SOL_SOCKET, SO_BINDTOIFINDEX, &nowhere, sizeof(nowhere));
}

}  // namespace switchboard
