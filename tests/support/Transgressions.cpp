#include "tests/support/Transgressions.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>

namespace switchboard {

namespace {

int Open(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  return fd;
}

// The child of a fork that was done mustn't go on as a worker.
int Forked(long pid) {
  if (pid == 0) _exit(0);
  return static_cast<int>(pid);
}

const std::map<std::string, std::function<long()>, std::less<>>& Acts() {
  static const std::map<std::string, std::function<long()>, std::less<>> acts{
      {"shadow", [] { return Open("/etc/shadow", O_RDONLY); }},
      {"outside", [] { return Open("/etc/switchboard-was-here", O_WRONLY | O_CREAT); }},
      {"execve",
       [] {
         char* const arguments[] = {nullptr};
         return execve("/bin/true", arguments, arguments);
       }},
      {"fork", [] { return Forked(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr)); }},
      {"setuid", [] { return syscall(SYS_setuid, 0); }},
      {"setgid", [] { return syscall(SYS_setgid, 0); }},
      {"packet", [] { return socket(AF_PACKET, SOCK_RAW, 0); }},
      {"raw", [] { return socket(AF_INET, SOCK_RAW, 1); }},
      {"socket", [] { return socket(AF_INET, SOCK_STREAM, 0); }},
      {"ptrace", [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
      {"mount", [] { return mount("none", "/mnt", "tmpfs", 0, nullptr); }},
      {"unshare", [] { return unshare(CLONE_NEWNS); }},
      {"bpf", [] { return syscall(SYS_bpf, 0, nullptr, 0); }},
      {"io_uring", [] { return syscall(SYS_io_uring_setup, 1, nullptr); }},
      {"kill-master", [] { return kill(getppid(), SIGCONT); }},
      // Each changes nothing where it is allowed.
      {"chmod", [] { return chmod("/dev/null", 0666); }},
      {"chown", [] { return chown("/dev/null", static_cast<uid_t>(-1), static_cast<gid_t>(-1)); }},
      {"touch",
       [] {
         const timespec times[] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
         return utimensat(AT_FDCWD, "/dev/null", times, 0);
       }},
      {"renice-master", [] { return setpriority(PRIO_PROCESS, static_cast<id_t>(getppid()), 0); }},
      {"renice-all", [] { return setpriority(PRIO_USER, getuid(), 0); }},
      {"reschedule-master",
       [] {
         const sched_param none{};
         return sched_setscheduler(getppid(), SCHED_OTHER, &none);
       }},
      {"connect", [] { return connect(-1, nullptr, 0); }},
      {"connect-by-sending", [] { return sendto(-1, "", 0, MSG_FASTOPEN, nullptr, 0); }},
      {"connect-by-a-message",
       [] {
         const msghdr nothing{};
         return sendmsg(-1, &nothing, MSG_FASTOPEN);
       }},
      {"listen", [] { return listen(-1, 1); }},
      {"filter-packets", [] { return setsockopt(-1, SOL_SOCKET, SO_ATTACH_FILTER, nullptr, 0); }},
      {"steer-clients", [] { return setsockopt(-1, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, nullptr, 0); }},
      {"make-blocking", [] { return fcntl(-1, F_SETFL, 0); }},
      {"make-blocking-too",
       [] {
         int no = 0;
         return ioctl(-1, FIONBIO, &no);
       }},
      {"kill-all", [] { return kill(-1, 0); }}};
  return acts;
}

struct SMapping {
  std::byte* p_bytes;
  size_t size;
  bool isWritable;
  std::string path;
};

// Those that are shared, in /proc/self/maps: "7f00-7f10 rw-s 00000000 00:01 42  /path".
std::vector<SMapping> SharedMappings() {
  std::vector<SMapping> mappings;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string range;
    std::string rights;
    std::string ignored;
    std::string path;
    words >> range >> rights >> ignored >> ignored >> ignored >> path;
    if (rights.size() != 4 || rights[3] != 's') continue;
    uintptr_t begin = 0;
    uintptr_t end = 0;
    const char* const p_end = range.data() + range.size();
    const char* const p_dash = std::from_chars(range.data(), p_end, begin, 16).ptr;
    std::from_chars(p_dash + 1, p_end, end, 16);
    mappings.push_back({reinterpret_cast<std::byte*>(begin), end - begin, rights[1] == 'w', path});
  }
  return mappings;
}

}  // namespace

const std::vector<std::string>& Transgressions() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, act] : Acts()) all.push_back(name);
    return all;
  }();
  return names;
}

int Transgress(std::string_view name) {
  errno = 0;
  long result = -1;
  if (name.starts_with("read:")) {
    result = Open(std::string(name.substr(5)), O_RDONLY);
  } else if (name.starts_with("write:")) {
    result = Open(std::string(name.substr(6)), O_WRONLY | O_CREAT);
  } else if (const auto found = Acts().find(name); found != Acts().end()) {
    result = found->second();
  } else {
    errno = ENOSYS;
  }
  return result < 0 ? errno : 0;
}

namespace {

// The lines to the master and to the other workers: the sockets of a worker that keep messages apart. By the system
// call itself, as below: that these descriptors are others' to close is the point, and ThreadSanitizer would see a
// race.
std::vector<int> LinesOfThisProcess() {
  std::vector<int> lines;
  for (int fd = 3; fd < 256; ++fd) {
    int type = 0;
    socklen_t size = sizeof(type);
    const bool isSocket = ::syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
    if (isSocket && type == SOCK_SEQPACKET) lines.push_back(fd);
  }
  return lines;
}

// As proc/sys/CChannel.cpp lays them out: kind, reason, number, text.
bool Say(int channel, std::string_view bytes, int fd) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (fd >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* const p_control = CMSG_FIRSTHDR(&header);
    p_control->cmsg_level = SOL_SOCKET;
    p_control->cmsg_type = SCM_RIGHTS;
    p_control->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(p_control), &fd, sizeof(int));
  }
  return ::syscall(SYS_sendmsg, channel, &header, MSG_NOSIGNAL) >= 0;
}

}  // namespace

uint32_t Babble(uint32_t messages) {
  const std::vector<int> lines = LinesOfThisProcess();
  const auto sayToAll = [&](std::string_view bytes, bool hasDescriptor) {
    return std::count_if(lines.begin(), lines.end(),
                         [&](int line) { return Say(line, bytes, hasDescriptor ? line : -1); }) > 0;
  };
  if (messages == 0) return sayToAll("x", false) ? 1 : 0;
  std::mt19937 random(messages);
  uint32_t taken = 0;
  for (; taken < messages; ++taken) {
    std::string bytes(8 + random() % 3000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    // Half of them of a kind that there is, about a listener that there may be; the text begins a line of the log.
    if (taken % 2 == 0) bytes[0] = static_cast<char>(random() % 8);
    if (taken % 4 == 0) bytes.replace(4, 4, 4, '\0');
    if (taken % 8 == 0 && bytes.size() > 100)
      bytes.replace(8, 60, "\n2026-01-01 00:00:00.000 [alert] 1 forged: nobody has said this");
    if (!sayToAll(bytes, taken % 3 == 0)) break;
  }
  return taken;
}

namespace {

// Where `from` lies; nullptr: not there. Byte by byte, as Scribble looks: what a library compares, ThreadSanitizer
// sees.
__attribute__((no_sanitize("thread"))) std::byte* Find(const SMapping& mapping, std::string_view from) {
  for (size_t at = 0; at + kForgedBytes <= mapping.size; ++at) {
    size_t same = 0;
    while (same < from.size() && static_cast<char>(mapping.p_bytes[at + same]) == from[same]) ++same;
    if (same == from.size()) return mapping.p_bytes + at;
  }
  return nullptr;
}

}  // namespace

std::byte* FindShared(std::string_view name) {
  for (const SMapping& mapping : SharedMappings()) {
    std::byte* const p_found = mapping.isWritable ? Find(mapping, name) : nullptr;
    if (p_found != nullptr) return p_found;
  }
  return nullptr;
}

void Forge(std::byte* p_name, std::string_view name) {
  for (size_t i = 0; i < kForgedBytes; ++i) {
    std::atomic_ref<std::byte>(p_name[i]).store(i < name.size() ? static_cast<std::byte>(name[i]) : std::byte{0});
  }
}

// A race with whoever reads there is what it is for, so ThreadSanitizer is not to look.
__attribute__((no_sanitize("thread"))) void Scribble(uint32_t rounds, uint32_t seed) {
  std::mt19937_64 random(seed);
  const std::vector<SMapping> mappings = SharedMappings();
  for (uint32_t round = 0; round < rounds; ++round) {
    for (const SMapping& mapping : mappings) {
      // As far as it lets itself be made writable.
      if (!mapping.isWritable && mprotect(mapping.p_bytes, mapping.size, PROT_READ | PROT_WRITE) != 0) continue;
      // A few places everywhere, and now and then all of one value: what is a length, a flag or a count gets each.
      const size_t step = 8 * (1 + random() % 64);
      const uint64_t value = round % 4 == 0 ? ~uint64_t{0} : round % 4 == 1 ? 0 : random();
      for (size_t at = 0; at + 8 <= mapping.size; at += step) {
        const uint64_t word = round % 4 == 2 ? random() : value;
        // The file may end before the mapping does: what isn't backed isn't shared.
        *reinterpret_cast<uint64_t*>(mapping.p_bytes + at) = word;
      }
    }
  }
}

void TruncateShared() {
  for (const SMapping& mapping : SharedMappings()) {
    if (mapping.path.starts_with('/') && truncate(mapping.path.c_str(), 0) != 0) continue;
  }
  // The log is nobody's mapping, and stays.
  for (int fd = 3; fd < 64; ++fd) {
    const bool isLog = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
    if (!isLog && ftruncate(fd, 0) != 0) continue;
  }
}

}  // namespace switchboard
