#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace switchboard {

// The name of one connection: worker process, slot and the slot's generation. It is never used twice while the server
// lives: crashed workers, reloads and upgrades included. It is the only thing that code outside the
// framework may keep; using one whose connection is gone is safe and answers "gone". Default-constructed it names
// nobody.
// Threads: any (a value).
class CSession {
 public:
  CSession() = default;
  CSession(uint32_t process, uint32_t slot, uint32_t generation)
      : m_process(process), m_slot(slot), m_generation(generation) {}

  // The number of the worker process, from 1; the next process in its place has another one.
  uint32_t Process() const { return m_process; }
  // The older name of it.
  uint32_t Worker() const { return m_process; }
  uint32_t Slot() const { return m_slot; }
  // Counts the connections that this slot has held, from 1.
  uint32_t Generation() const { return m_generation; }
  // Slot and generation in one number, over 2^32: what an epoll set keeps.
  uint64_t Key() const { return uint64_t{m_generation} << 32 | m_slot; }
  explicit operator bool() const { return m_generation != 0; }
  auto operator<=>(const CSession&) const = default;
  // "process:slot:generation", for logs.
  std::string ToString() const;

 private:
  uint32_t m_process = 0;
  uint32_t m_slot = 0;
  uint32_t m_generation = 0;
};

// Names a timer (CServerCalls::AddTimer); 0 names none.
using TimerId = uint64_t;

}  // namespace switchboard

template <>
struct std::hash<switchboard::CSession> {
  size_t operator()(const switchboard::CSession& session) const noexcept {
    return std::hash<uint64_t>{}((uint64_t{session.Slot()} << 32 | session.Generation()) ^
                                 uint64_t{session.Process()} * 0x9E3779B97F4A7C15);  // spread over all bits
  }
};
