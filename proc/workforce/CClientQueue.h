#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "misc/file/CFd.h"

namespace switchboard {

// The clients that were accepted and wait for a worker: first come, first served.
// Threads: one.
class CClientQueue {
 public:
  struct SClient {
    CFd fd;
    uint32_t listener = 0;  // its number in the CListenerStore
  };

  bool IsEmpty() const { return m_clients.empty(); }
  SClient& First() { return m_clients.front(); }
  void PopFirst() { m_clients.pop_front(); }
  void Append(SClient client) { m_clients.push_back(std::move(client)); }
  SClient TakeLast();
  // Those who were passed on and come back: before those who came later, in their order. Leaves `clients` empty.
  void TakeBack(std::deque<SClient>& clients);
  void Clear() { m_clients.clear(); }

  // Whether no more than so many wait, once those are let go who have gone: who has reset the connection, or ended it
  // without having asked for anything. A long queue is looked through once for several newcomers who find no place, so
  // that each of them costs the same.
  bool Fits(size_t places);

 private:
  void DropGone();

  std::deque<SClient> m_clients;
  size_t m_turnedAway = 0;  // since it was looked through
};

}  // namespace switchboard
