#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "misc/thread/CMutex.h"
#include "net/conn/CConnection.h"
#include "net/wire/Counters.h"

namespace switchboard {

// Lends the connection slots of a worker; it grows by slabs whose addresses are stable and that live as long as it
// does.
// Threads: as said at each method.
class CConnectionPool {
 public:
  // `slabSlots` is rounded up to a power of two and is the size of every slab; the first is made here.
  // `maxSlots` bounds the slots that are lent or cool down.
  CConnectionPool(uint32_t process, uint32_t slabSlots, uint32_t maxSlots, SWorkerPage& page);
  CConnectionPool(const CConnectionPool&) = delete;
  CConnectionPool& operator=(const CConnectionPool&) = delete;

  // Whether Acquire would succeed. Threads: sb-io.
  bool HasFree();
  // Opens a free slot for a new peer; nullptr when all are in use or cool down (`fd` is then closed). Threads: sb-io.
  CConnection* Acquire(CFd fd, const SPeer& peer, MonotonicTime now, CProtocol& protocol, uint16_t listener = 0);
  // The socket of an acquired slot is closed: it no longer counts as active. Threads: sb-recycle.
  void CountClosed();
  // Takes a slot back. Threads: sb-recycle.
  void Release(CConnection& connection);

  // The slot of a session, if that very connection still lives. It may end at any moment: everything done with it is
  // checked again where it is done. Threads: any.
  CConnection* Find(const CSession& session);
  // As Find, for a slot number that this pool has given out.
  CConnection& At(uint32_t slot);
  // Open sockets. Threads: any.
  uint32_t Active();
  // Slots that are lent or cool down. Threads: any.
  uint32_t Lent();
  // Slots made so far; all of them can be given to At. Threads: any.
  uint32_t Made() const { return m_made.load(std::memory_order_acquire); }

 private:
  static constexpr uint32_t kMaxSlabs = 4096;
  void AddSlab() REQUIRES(m_mutex);

  // constant after construction
  const uint32_t m_process;
  const uint32_t m_shift;  // log2 of the slots of a slab
  const uint32_t m_maxSlots;
  SWorkerPage& m_page;

  // written under the lock, read by anyone
  std::atomic<uint32_t> m_made{0};
  std::array<std::unique_ptr<CConnection[]>, kMaxSlabs> m_slabs;  // [0, made >> shift) never change

  CMutex m_mutex;
  CConnection* m_p_free GUARDED_BY(m_mutex) = nullptr;
  uint32_t m_lent GUARDED_BY(m_mutex) = 0;
  uint32_t m_active GUARDED_BY(m_mutex) = 0;
};

}  // namespace switchboard
