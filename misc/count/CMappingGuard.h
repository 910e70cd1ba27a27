#pragma once

#include <cstddef>

namespace switchboard {

// Keeps a process alive whose shared mapping loses its file: whoever may write the file can cut it, and the next access
// would be a SIGBUS. What is gone reads as zeros from then on, and what is written there, nobody else sees.
// Threads: Protect and Install by one, before there are others.
class CMappingGuard {
 public:
  // Of one mapping in each process, and its forks. Has nothing installed yet.
  static void Protect(std::byte* p_memory, size_t bytes);
  // It isn't there any more.
  static void Release(const std::byte* p_memory);
  // From now on; on top of the handler that SIGBUS has, which gets all others of them.
  static void Install();
  // SIGBUS has again the handler that it had before.
  static void Uninstall();
};

}  // namespace switchboard
