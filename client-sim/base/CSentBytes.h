#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace switchboard::sim {

// The frames that one connection has in flight, as they were sent: a server that mirrors them is checked by comparing a
// whole read with them at once.
// Threads: one.
class CSentBytes {
 public:
  // More is not worth a copy.
  static constexpr size_t kMaxBytes = 64 * 1024;

  size_t Size() const { return m_bytes.size() - m_first; }
  // Returns false, and forgets everything, when that is too much.
  bool Append(std::span<const std::byte> frames) {
    if (m_first == m_bytes.size()) Clear();
    if (Size() + frames.size() > kMaxBytes) {
      Clear();
      return false;
    }
    if (m_bytes.size() + frames.size() > 2 * kMaxBytes) {
      m_bytes.erase(m_bytes.begin(), m_bytes.begin() + static_cast<ptrdiff_t>(m_first));
      m_first = 0;
    }
    m_bytes.insert(m_bytes.end(), frames.begin(), frames.end());
    return true;
  }
  // The oldest bytes are these, as far as both go.
  bool BeginsLike(std::span<const std::byte> bytes) const {
    const size_t common = bytes.size() < Size() ? bytes.size() : Size();
    return common != 0 && std::memcmp(m_bytes.data() + m_first, bytes.data(), common) == 0;
  }
  // Forgets the oldest bytes; there are as many.
  void Drop(size_t bytes) { m_first += bytes; }
  void Clear() {
    m_bytes.clear();
    m_first = 0;
  }

 private:
  std::vector<std::byte> m_bytes;
  size_t m_first = 0;
};

}  // namespace switchboard::sim
