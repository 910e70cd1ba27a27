#pragma once

#include <cstdint>
#include <string>

#include "misc/file/CFd.h"

namespace switchboard {

// Which files a process can reach, once it has entered: those that were allowed, and no others. Descriptors that are
// open already stay as they are. It can't signal or trace processes outside of it, and, as far as the kernel knows how
// (ABI 4 and 6), open no TCP connections and no abstract sockets. Landlock, by its system calls: glibc has no
// functions.
// Threads: one.
class CPathFence {
 public:
  enum class ERight : uint8_t {
    kRead,     // files, and lists of folders
    kExecute,  // the same, and programs
    kAppend,   // files are made and written, but not read or removed
    kWrite     // everything
  };

  // The version of the kernel's interface; 0: it has none. Before kLeastAbi it can't tell a rename from an escape.
  static int Abi();
  static constexpr int kLeastAbi = 2;

  // What this machine lacks of it, in words; empty: nothing.
  static std::string Missing();

  // Throws std::system_error.
  explicit CPathFence(bool mayConnect);

  // Of the path itself and of what is beneath it; a link is followed. A path that isn't there, or that the process
  // can't see, is passed over. Throws std::system_error.
  void Allow(const std::string& path, ERight right);
  // For the calling thread and those that it will start, and for good. no_new_privs was set, or the process is root.
  // Throws std::system_error.
  void Enter();

 private:
  CFd m_rules;
  uint64_t m_handled = 0;
};

}  // namespace switchboard
