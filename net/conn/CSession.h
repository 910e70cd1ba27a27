#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace switchboard {

// The name of one connection: worker process, slot and the slot's generation. No two connections
// have the same one while the server lives: crashed workers, reloads, upgrades and rollbacks
// included. It is the only thing that code outside the framework may keep of a connection: copy it,
// hash it, compare it, hand it to any thread. Using one whose connection is gone is safe, answers
// "gone", and never reaches another peer; it counts as stale_sessions.
// It isn't a secret, nor hard to guess: don't take it for a proof of who somebody is.
//
//   std::unordered_map<CSession, SPlayer> m_players;  // insert in a handler, erase in OnDisconnect and OnLost
//
// Threads: any (a value).
class CSession {
 public:
  // Names nobody: every call with it answers "gone".
  CSession() = default;
  // For who has stored the three numbers elsewhere, such as in a database that several workers
  // share.
  CSession(uint32_t process, uint32_t slot, uint32_t generation)
      : m_process(process), m_slot(slot), m_generation(generation) {}

  // The number of the worker process, from 1. The next process in its place has another one, and
  // CModule::OnLost tells which have died without a word. Only the process itself can send to its
  // sessions.
  uint32_t Process() const { return m_process; }
  // The older name of it.
  uint32_t Worker() const { return m_process; }
  // The place in the worker's pool of connections, below pool.max_connections: an index for tables,
  // together with a look at the generation, for slots are used again.
  uint32_t Slot() const { return m_slot; }
  // Counts the connections that this slot has held, from 1.
  uint32_t Generation() const { return m_generation; }
  // Slot and generation in one number, over 2^32: unique within one worker process.
  uint64_t Key() const { return uint64_t{m_generation} << 32 | m_slot; }
  // Whether it names a connection at all; not whether that is still there.
  explicit operator bool() const { return m_generation != 0; }
  // By process, slot and generation. The order means nothing, but is a total one.
  auto operator<=>(const CSession&) const = default;
  // "process:slot:generation" in decimal, as in the log.
  std::string ToString() const;

 private:
  uint32_t m_process = 0;
  uint32_t m_slot = 0;
  uint32_t m_generation = 0;
};

// Names a timer (CServerCalls::AddTimer) of a worker, which gives no number twice; 0 names none.
using TimerId = uint64_t;

}  // namespace switchboard

// For std::unordered_map and std::unordered_set. The same in all processes of a binary.
template <>
struct std::hash<switchboard::CSession> {
  size_t operator()(const switchboard::CSession& session) const noexcept {
    return std::hash<uint64_t>{}((uint64_t{session.Slot()} << 32 | session.Generation()) ^
                                 uint64_t{session.Process()} * 0x9E3779B97F4A7C15);  // spread over all bits
  }
};
