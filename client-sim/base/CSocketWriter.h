#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "misc/file/CFd.h"

namespace switchboard::sim {

// Writes to a non-blocking socket, and keeps what the socket doesn't take.
// Threads: one.
class CSocketWriter {
 public:
  // Sends what the socket takes; keeps the rest. Only without HasUnsent.
  void Send(const CFd& socket, std::span<const std::byte> bytes);
  // Sends what was kept.
  void Flush(const CFd& socket);
  // For the next connection.
  void Clear();

  bool HasUnsent() const { return m_unsentAt != m_unsent.size(); }
  // The peer refuses bytes, and nothing is kept for it; what it has sent before can still be read.
  bool IsBroken() const { return m_isBroken; }

 private:
  // Returns how many bytes the socket took.
  size_t TrySend(const CFd& socket, std::span<const std::byte> bytes);

  bool m_isBroken = false;
  std::vector<std::byte> m_unsent;
  size_t m_unsentAt = 0;
};

}  // namespace switchboard::sim
