#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "proc/sys/CSocketAddress.h"

namespace switchboard {

// A TCP socket that listens, whoever has it.
struct SListeningSocket {
  CSocketAddress address;
  uint64_t inode = 0;  // by which the system knows it, in every process that has it
};

// Those that meet `address`, out of /proc/self/net/tcp and tcp6. Threads: any.
std::vector<SListeningSocket> ListeningSockets(const CSocketAddress& address);

// The inode of a socket. Throws std::system_error.
uint64_t SocketInode(int fd);

// The inodes of all sockets of a process; nullopt when the caller may not know. Threads: any.
std::optional<std::set<uint64_t>> SocketsOf(pid_t pid);

}  // namespace switchboard
