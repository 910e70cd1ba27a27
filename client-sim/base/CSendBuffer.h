#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "net/wire/Wire.h"

namespace switchboard::sim {

// Where a thread lays out the requests of one send. It is full when it holds kFullBytes, and has room for one more
// frame of any size until then.
// Threads: one.
class CSendBuffer {
 public:
  static constexpr size_t kFullBytes = 64 * 1024;

  CSendBuffer() : m_p_bytes(std::make_unique_for_overwrite<std::byte[]>(kFullBytes + kMaxPacketBytes)) {}

  bool IsFull() const { return m_size >= kFullBytes; }
  // Room for one frame. Only while not full.
  std::byte* Room() { return m_p_bytes.get() + m_size; }
  // How many frames of that size fit until it is full; at least one while it is not.
  size_t RoomFor(size_t frameBytes) const { return (kFullBytes - m_size + frameBytes - 1) / frameBytes; }
  // Takes the first `bytes` of the room.
  void Commit(size_t bytes) { m_size += bytes; }
  void Clear() { m_size = 0; }
  std::span<const std::byte> Bytes() const { return {m_p_bytes.get(), m_size}; }

 private:
  const std::unique_ptr<std::byte[]> m_p_bytes;
  size_t m_size = 0;
};

}  // namespace switchboard::sim
