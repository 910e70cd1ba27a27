#include "proc/sandbox/CSyscallFilter.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <system_error>
#include <type_traits>

// Over the rule: the list of what a worker may is in one place, so that all of it can be seen.
namespace switchboard {

namespace {

// A sanitizer's runtime needs more: the leak check is a process that traces this one.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
#else
constexpr bool kIsSanitized = false;
#endif

// By name: what libseccomp or this machine doesn't know is left out.
constexpr std::array kAllowed{
    // bytes and descriptors
    "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev", "pwritev2", "lseek",
    "_llseek", "close", "close_range", "dup", "dup2", "dup3", "pipe", "pipe2", "sendfile", "sendfile64", "splice",
    "tee", "copy_file_range", "eventfd", "eventfd2", "signalfd", "signalfd4", "timerfd_create", "timerfd_settime",
    "timerfd_gettime", "memfd_create", "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    // waiting
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "ppoll_time64", "select", "pselect6", "pselect6_time64", "futex", "futex_time64", "futex_waitv", "nanosleep",
    "clock_nanosleep", "clock_nanosleep_time64", "pause", "sched_yield", "restart_syscall",
    // files
    "open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2", "stat", "stat64", "lstat", "lstat64",
    "fstat", "fstat64", "newfstatat", "fstatat64", "statx", "statfs", "statfs64", "fstatfs", "fstatfs64", "getdents",
    "getdents64", "readlink", "readlinkat", "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink",
    "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "truncate", "truncate64",
    "ftruncate", "ftruncate64", "fallocate", "fsync", "fdatasync", "sync_file_range", "flock", "fadvise64",
    "fadvise64_64", "readahead", "umask", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr",
    "fchmod", "fchown",
    // the sockets that there are
    "accept", "accept4", "getsockname", "getpeername", "getsockopt", "recvfrom", "recvmsg", "recvmmsg", "recv", "send",
    "shutdown",
    // memory
    "brk", "mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise", "mincore", "msync", "mlock", "mlock2", "munlock",
    "mlockall", "munlockall", "membarrier", "get_mempolicy", "pkey_alloc", "pkey_free", "pkey_mprotect",
    "map_shadow_stack",
    // threads and signals
    "exit", "exit_group", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "arch_prctl", "gettid",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait",
    "rt_sigtimedwait_time64", "sigaltstack", "sched_getaffinity", "sched_getparam", "sched_getscheduler",
    "sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval", "getpriority", "getcpu", "ioprio_get",
    // time, and who and where the process is
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday", "time", "times",
    "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete", "setitimer", "getitimer",
    "alarm", "getpid", "getppid", "getpgid", "getpgrp", "getsid", "getuid", "getuid32", "geteuid", "geteuid32",
    "getgid", "getgid32", "getegid", "getegid32", "getresuid", "getresuid32", "getresgid", "getresgid32", "getgroups",
    "getgroups32", "capget", "getrlimit", "ugetrlimit", "getrusage", "sysinfo", "uname", "getrandom"};

constexpr std::array kOfExec{"execve",  "execveat", "clone",  "fork",  "vfork",     "wait4",   "waitid",
                             "waitpid", "kill",     "tgkill", "tkill", "prlimit64", "setpgid", "setsid"};
// What programs do by name or number: cp -p, tar, nice.
constexpr std::array kOfPrograms{"chmod",
                                 "fchmodat",
                                 "fchmodat2",
                                 "chown",
                                 "fchownat",
                                 "lchown",
                                 "utime",
                                 "utimes",
                                 "utimensat",
                                 "futimesat",
                                 "utimensat_time64",
                                 "sched_setaffinity",
                                 "sched_setparam",
                                 "sched_setscheduler",
                                 "setpriority"};
constexpr std::array kOfSanitizers{
    "ptrace",    "clone",     "wait4", "prctl",  "personality", "process_vm_readv", "process_vm_writev",
    "prlimit64", "setrlimit", "kill",  "tgkill", "tkill"};

// What a thread may set for itself or ask. PR_SET_NAME is CThread's; the rest is glibc's and crash reporters'.
constexpr std::array kPrctls{PR_SET_NAME,       PR_GET_NAME,       PR_GET_DUMPABLE,  PR_GET_NO_NEW_PRIVS,
                             PR_GET_TIMERSLACK, PR_SET_TIMERSLACK, PR_GET_PDEATHSIG, PR_SET_PDEATHSIG,
                             PR_CAPBSET_READ,   PR_GET_SECCOMP,    PR_SET_VMA};

// ioctl can be anything, of any device, such as typing into the terminal of the operator.
constexpr std::array<unsigned long, 6> kIoctls{TCGETS, FIONREAD, FIOCLEX, FIONCLEX, TIOCGWINSZ, TIOCOUTQ};

// Not F_SETOWN, by which the kernel sends signals to others.
constexpr std::array kFcntls{F_DUPFD,      F_GETFD,      F_SETFD,     F_GETFL,     F_GETLK,
                             F_SETLK,      F_SETLKW,     F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
                             F_GETPIPE_SZ, F_SETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS, F_DUPFD_CLOEXEC};

// What a client's socket needs. Not a filter, nor a program that picks among listening sockets: the kernel runs these
// for all who share the socket or its port, and they outlive who has attached them.
constexpr std::array kClientTcpOptions{TCP_NODELAY, TCP_CORK, TCP_USER_TIMEOUT};
// Of sockets of its own, besides SO_LINGER.
constexpr std::array kOwnOptions{SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST, SO_SNDBUF,    SO_RCVBUF,
                                 SO_SNDTIMEO,  SO_RCVTIMEO,  SO_RCVLOWAT,  SO_PASSCRED,  SO_OOBINLINE, SO_PRIORITY};
constexpr std::array<int, 5> kOwnLevels{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IP, IPPROTO_IPV6, SOL_NETLINK};

class CFilter {
 public:
  explicit CFilter() : m_p_context(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release) {
    if (m_p_context == nullptr) throw std::system_error(ENOMEM, std::generic_category(), "seccomp_init");
    Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
    Set(SCMP_FLTATR_CTL_NNP, 1);
    Set(SCMP_FLTATR_CTL_TSYNC, 1);
    // Nothing here runs code that it doesn't trust beside its secrets, and the mitigation makes all of it slower.
    Set(SCMP_FLTATR_CTL_SSB, 1);
    // A tree: what isn't constant for the kernel's cache costs a few comparisons, and not one for each name.
    Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);
  }

  void Allow(const char* p_name) { Add(SCMP_ACT_ALLOW, p_name, {}); }
  void Allow(const char* p_name, std::initializer_list<scmp_arg_cmp> when) { Add(SCMP_ACT_ALLOW, p_name, when); }
  void Answer(const char* p_name, uint32_t error) { Add(SCMP_ACT_ERRNO(error), p_name, {}); }
  void Load() { Check(seccomp_load(m_p_context.get()), "seccomp_load"); }

 private:
  using Context = std::remove_pointer_t<scmp_filter_ctx>;

  static void Check(int result, const char* p_what) {
    if (result != 0) throw std::system_error(-result, std::generic_category(), p_what);
  }
  void Set(scmp_filter_attr attribute, uint32_t value) {
    Check(seccomp_attr_set(m_p_context.get(), attribute, value), "seccomp_attr_set");
  }
  void Add(uint32_t action, const char* p_name, std::span<const scmp_arg_cmp> when) {
    const int number = seccomp_syscall_resolve_name(p_name);
    if (number < 0) return;
    const int result = seccomp_rule_add_array(m_p_context.get(), action, number, static_cast<unsigned>(when.size()),
                                              when.empty() ? nullptr : when.data());
    // -EEXIST: allowed already, by another list.
    if (result != -EEXIST) Check(result, p_name);
  }

  std::unique_ptr<Context, decltype(&seccomp_release)> m_p_context;
};

scmp_arg_cmp Equals(unsigned argument, uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp Has(unsigned argument, uint64_t bits, uint64_t values) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, values};
}

void AllowSockets(CFilter& filter) {
  constexpr uint64_t kTypes = 0xf;  // the rest of the argument is flags
  for (const char* const p_call : {"socket", "socketpair"}) {
    for (const uint64_t family : {uint64_t{AF_UNIX}, uint64_t{AF_INET}, uint64_t{AF_INET6}}) {
      filter.Allow(p_call, {Equals(0, family), Has(1, kTypes, SOCK_STREAM)});
      filter.Allow(p_call, {Equals(0, family), Has(1, kTypes, SOCK_DGRAM)});
    }
    filter.Allow(p_call, {Equals(0, AF_UNIX), Has(1, kTypes, SOCK_SEQPACKET)});
  }
  // getaddrinfo(3) asks the kernel for the machine's addresses; 0 is NETLINK_ROUTE.
  filter.Allow("socket", {Equals(0, AF_NETLINK), Equals(2, 0)});
  for (const char* const p_call : {"bind", "connect", "listen", "sendto", "sendmsg", "sendmmsg"}) filter.Allow(p_call);
  for (const int option : kOwnOptions) {
    filter.Allow("setsockopt", {Equals(1, SOL_SOCKET), Equals(2, static_cast<uint64_t>(option))});
  }
  for (const int level : kOwnLevels) filter.Allow("setsockopt", {Equals(1, static_cast<uint64_t>(level))});
}

// Of the sockets that there are. None connects by sending, as one could that has ceased to listen.
void AllowClients(CFilter& filter) {
  for (const int option : kClientTcpOptions) {
    filter.Allow("setsockopt", {Equals(1, IPPROTO_TCP), Equals(2, static_cast<uint64_t>(option))});
  }
  filter.Allow("sendto", {Has(3, MSG_FASTOPEN, 0)});
  filter.Allow("sendmsg", {Has(2, MSG_FASTOPEN, 0)});
  filter.Allow("sendmmsg", {Has(3, MSG_FASTOPEN, 0)});
}

// Whether a call waits is a property of what is open, for all processes that have it: the listening socket, the bell.
void AllowBlocking(CFilter& filter, bool isWhole) {
  for (const char* const p_call : {"fcntl", "fcntl64"}) {
    if (isWhole) {
      filter.Allow(p_call, {Equals(1, F_SETFL)});
    } else {
      filter.Allow(p_call, {Equals(1, F_SETFL), Has(2, O_NONBLOCK, O_NONBLOCK)});
    }
  }
  if (isWhole) filter.Allow("ioctl", {Equals(1, FIONBIO)});
}

// Of what is open, and of the calling thread: by name it would be any file, as Landlock doesn't know these calls, and
// by number any process of the same user.
void AllowOwn(CFilter& filter) {
  for (const char* const p_call : {"utimensat", "utimensat_time64"}) filter.Allow(p_call, {Equals(1, 0)});
  for (const char* const p_call : {"sched_setaffinity", "sched_setparam", "sched_setscheduler"}) {
    filter.Allow(p_call, {Equals(0, 0)});
  }
  filter.Allow("setpriority", {Equals(0, PRIO_PROCESS), Equals(1, 0)});
}

}  // namespace

bool CSyscallFilter::IsThere() {
  // A filter at no address is none, where there are filters.
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr, 0, 0) != 0 && errno == EFAULT;
}

void CSyscallFilter::Enter(const SExtras& extras) {
  CFilter filter;
  for (const char* const p_name : kAllowed) filter.Allow(p_name);
  for (const int option : kPrctls) filter.Allow("prctl", {Equals(0, static_cast<uint64_t>(option))});
  for (const unsigned long request : kIoctls) filter.Allow("ioctl", {Equals(1, request)});
  for (const int command : kFcntls) {
    for (const char* const p_call : {"fcntl", "fcntl64"})
      filter.Allow(p_call, {Equals(1, static_cast<uint64_t>(command))});
  }
  filter.Allow("setsockopt", {Equals(1, SOL_SOCKET), Equals(2, SO_LINGER)});
  AllowBlocking(filter, extras.exec || extras.sockets);
  if (!extras.exec) AllowOwn(filter);
  // To itself: an abort is one.
  const auto self = static_cast<uint64_t>(getpid());
  if (!extras.exec && !kIsSanitized) {
    for (const char* const p_call : {"kill", "tgkill"}) filter.Allow(p_call, {Equals(0, self)});
  }
  // Threads, and no processes. Of clone3 the filter can't see the flags: glibc then asks by clone.
  filter.Answer("clone3", ENOSYS);
  if (!extras.exec && !kIsSanitized) filter.Allow("clone", {Has(0, CLONE_THREAD, CLONE_THREAD)});
  if (!extras.exec && !kIsSanitized) filter.Allow("prlimit64", {Equals(0, 0), Equals(2, 0)});  // asks, and sets nothing
  if (extras.exec) {
    for (const char* const p_name : kOfExec) filter.Allow(p_name);
    for (const char* const p_name : kOfPrograms) filter.Allow(p_name);
  }
  if (extras.sockets) {
    AllowSockets(filter);
  } else {
    AllowClients(filter);
  }
  if (kIsSanitized) {
    for (const char* const p_name : kOfSanitizers) filter.Allow(p_name);
  }
  filter.Load();
}

}  // namespace switchboard
