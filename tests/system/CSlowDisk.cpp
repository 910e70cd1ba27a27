#include "tests/system/CSlowDisk.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace switchboard {

namespace {

// What goes to a disk; the file, or the folder that a path begins in, is the first argument, but for sendfile.
constexpr std::array kCalls{SYS_openat2,   SYS_newfstatat, SYS_fstat,     SYS_statx,     SYS_getdents64,
                            SYS_pread64,   SYS_preadv2,    SYS_sendfile,  SYS_pwrite64,  SYS_ftruncate,
                            SYS_fallocate, SYS_fsync,      SYS_fdatasync, SYS_renameat2, SYS_unlinkat};

// Has the kernel ask about these calls. Returns the descriptor that it asks on, or -1.
int Listen() {
  constexpr size_t kLength = kCalls.size() + 3;
  std::array<sock_filter, kLength> program{};
  program[0] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (size_t i = 0; i < kCalls.size(); ++i) {
    const auto toTheLast = static_cast<uint8_t>(kCalls.size() - i);
    program[i + 1] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(kCalls[i]), toTheLast, 0);
  }
  program[kLength - 2] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  program[kLength - 1] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  const sock_fprog filter{kLength, program.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
}

// A message of one descriptor.
struct SDescriptorMessage {
  SDescriptorMessage() {
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  char byte = 0;
  iovec piece{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
};

}  // namespace

CSlowDisk::CSlowDisk(std::filesystem::path folder) : m_folder(std::move(folder)), m_quit(eventfd(0, EFD_CLOEXEC)) {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0 || !m_quit.IsValid()) {
    throw std::system_error(errno, std::generic_category(), "a slow disk");
  }
  m_childsEnd.Reset(pair[0]);
  m_parentsEnd.Reset(pair[1]);
}

CSlowDisk::~CSlowDisk() {
  Wake();
  eventfd_write(m_quit.Get(), 1);
  m_thread.Join();
}

void CSlowDisk::Sleep(std::set<int> calls) {
  const CMutexLock lock(m_mutex);
  m_calls = std::move(calls);
}

void CSlowDisk::Wake() {
  const CMutexLock lock(m_mutex);
  m_calls.clear();
  for (const SSleeper& sleeper : m_sleepers) GoOn(sleeper.id);
  m_sleepers.clear();
}

size_t CSlowDisk::Sleeping(int call) const {
  const CMutexLock lock(m_mutex);
  return static_cast<size_t>(std::count_if(m_sleepers.begin(), m_sleepers.end(),
                                           [call](const SSleeper& sleeper) { return sleeper.call == call; }));
}

bool CSlowDisk::Enter() const {
  const int listener = Listen();
  if (listener < 0) return false;
  SDescriptorMessage message;
  cmsghdr* const p_control = CMSG_FIRSTHDR(&message.header);
  p_control->cmsg_level = SOL_SOCKET;
  p_control->cmsg_type = SCM_RIGHTS;
  p_control->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(p_control), &listener, sizeof(listener));
  return sendmsg(m_childsEnd.Get(), &message.header, 0) == 1 && close(listener) == 0;
}

void CSlowDisk::Attach() {
  m_childsEnd.Reset();  // so that a child that dies before is the end of the stream
  SDescriptorMessage message;
  if (recvmsg(m_parentsEnd.Get(), &message.header, MSG_CMSG_CLOEXEC) != 1) {
    throw std::runtime_error("the kernel doesn't tell of system calls (seccomp_unotify)");
  }
  int listener = -1;
  std::memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message.header)), sizeof(listener));
  m_listener.Reset(listener);
  m_thread = CThread("slow-disk", [this] { Run(); });
}

void CSlowDisk::Run() {
  seccomp_notif_sizes sizes{};
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return;
  std::vector<uint64_t> room((std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)) + 7) / 8);
  while (true) {
    std::array<pollfd, 2> ready{{{m_listener.Get(), POLLIN, 0}, {m_quit.Get(), POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if ((ready[0].revents & POLLIN) == 0) {
      if (ready[1].revents != 0 || (ready[0].revents & POLLHUP) != 0) return;
      continue;
    }
    std::fill(room.begin(), room.end(), 0);  // which the kernel asks for
    auto* const p_asked = reinterpret_cast<seccomp_notif*>(room.data());
    // Who has asked may be dead.
    if (ioctl(m_listener.Get(), SECCOMP_IOCTL_NOTIF_RECV, p_asked) == 0) Judge(*p_asked);
  }
}

void CSlowDisk::Judge(const seccomp_notif& asked) {
  const bool isBeneath = IsBeneath(asked);
  const int call = asked.data.nr;
  const CMutexLock lock(m_mutex);
  const bool isAsleep = isBeneath && !m_calls.empty();
  // Nothing of a file on a disk that sleeps is said to be in memory.
  if (isAsleep && call == SYS_preadv2 && (asked.data.args[5] & RWF_NOWAIT) != 0) return GoOn(asked.id, EAGAIN);
  if (!isAsleep || !m_calls.contains(call)) return GoOn(asked.id);
  m_sleepers.push_back({asked.id, call});
}

bool CSlowDisk::IsBeneath(const seccomp_notif& asked) const {
  const uint64_t fd = asked.data.args[asked.data.nr == SYS_sendfile ? 1 : 0];
  const std::string link = "/proc/" + std::to_string(asked.pid) + "/fd/" + std::to_string(static_cast<int>(fd));
  std::array<char, 4096> path{};
  const ssize_t length = readlink(link.c_str(), path.data(), path.size() - 1);
  return length > 0 && std::string(path.data()).starts_with(m_folder.string());
}

void CSlowDisk::GoOn(uint64_t id, int error) const {
  seccomp_notif_resp answer{};
  answer.id = id;
  answer.error = -error;
  answer.flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
  ioctl(m_listener.Get(), SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

}  // namespace switchboard
