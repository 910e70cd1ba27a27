// epoll for those who wait on sockets: descriptors as CFd, failures as exceptions.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

#include "misc/CFd.h"

namespace switchboard::sim {

// Throws std::system_error.
CFd OpenEpoll();

// epoll_ctl; `operation` is EPOLL_CTL_ADD, _MOD or _DEL, and events of `fd` come with `data`. Throws std::system_error:
// as the descriptor is open and the operation fits, only when the kernel is out of memory or of watches, and then
// nothing of the run could be trusted.
void Watch(const CFd& epoll, int operation, int fd, uint32_t events, epoll_data_t data);
// With a number to tell the descriptors apart by.
inline void WatchAs(const CFd& epoll, int operation, int fd, uint32_t events, uint64_t key) {
  epoll_data_t data{};
  data.u64 = key;
  Watch(epoll, operation, fd, events, data);
}
// With who is to be told; he outlives the watch.
inline void WatchFor(const CFd& epoll, int operation, int fd, uint32_t events, void* p_who) {
  epoll_data_t data{};
  data.ptr = p_who;
  Watch(epoll, operation, fd, events, data);
}

// The rest of the time until `deadlineNs`, as epoll_pwait2 takes it; `timeout` holds it. nullptr, which means for ever,
// for UINT64_MAX.
const timespec* TimeLeft(uint64_t deadlineNs, uint64_t nowNs, timespec& timeout);

}  // namespace switchboard::sim
