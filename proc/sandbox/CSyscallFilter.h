#pragma once

namespace switchboard {

// What a process may ask the kernel for, once it has entered: files, memory, threads, time, and the sockets that it
// has. Everything else is answered with EPERM, and the process lives: programs, other processes, users, mounts, kernel
// modules, BPF, tracing, clocks to be set, new sockets. seccomp(2), by libseccomp.
// Threads: one.
class CSyscallFilter {
 public:
  // Of what is refused by default.
  struct SExtras {
    bool exec = false;     // fork and execute; what is executed is filtered alike
    bool sockets = false;  // of IP and AF_UNIX, but for raw ones
  };

  // Whether this kernel has it.
  static bool IsThere();
  // For all threads that there are and will be, and for good. Sets no_new_privs, without which nobody but root may.
  // Throws std::system_error.
  static void Enter(const SExtras& extras);
};

}  // namespace switchboard
