#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "misc/count/CTally.h"
#include "misc/count/CTrace.h"
#include "misc/file/SFileRange.h"
#include "net/conn/CCloser.h"
#include "net/conn/CConnection.h"
#include "net/role/CDeferral.h"
#include "net/role/CSender.h"
#include "net/role/STurnLinks.h"
#include "net/wire/Counters.h"

namespace switchboard {

// One thread's turn on one connection: it runs requests there and gathers what they answer, to send it at once.
// Threads: the one that made it; each thread that runs handlers has one and uses it again and again.
class CTurn {
 public:
  // `pool` is the number of the pool that the thread belongs to.
  CTurn(const STurnLinks& links, const CTally& tally, SThreadTrace& trace, uint8_t pool = 0);

  void Begin(CConnection& connection);
  // Sends what was gathered.
  void End();

  CConnection& Connection() { return *m_p_connection; }
  const CSession& Session() const { return m_session; }
  const CTally& Tally() const { return m_tally; }
  CTrace& Trace() { return m_trace; }
  // The turn that the calling thread is in; nullptr outside of any.
  static CTurn* Current();

  // The most that Room can give.
  static constexpr size_t kCapacity = 128 * 1024;
  // Room for `bytes` (at most kCapacity) behind what is gathered, valid until the next call of any of these; Commit
  // gathers the first `bytes` of it, which can't be more. False when the connection takes nothing any more.
  std::byte* Room(size_t bytes) {
    if (!HasRoom(bytes)) [[unlikely]]
      Flush();
    return m_p_gathered.get() + m_size;
  }
  // Whether Room sends nothing to make it.
  bool HasRoom(size_t bytes) const { return m_size + bytes <= kCapacity; }
  bool Commit(size_t bytes) {
    if (!m_p_connection->IsAnswering()) return false;
    m_size += bytes;
    return true;
  }
  // Gathers bytes of any length. False as Commit.
  bool Put(std::span<const std::byte> bytes);
  // Sends what was gathered, and a part of a file behind it. False as Commit.
  bool PutFile(SFileRange range);
  // Sends what was gathered so far: before anything that may take long.
  void Flush();
  // The connection took all that was sent in this turn so far.
  bool IsGood() const { return m_isGood; }
  // Moves the connection on towards its close.
  void Close(EPhase phase, ECloseReason reason);

  // After the request that runs it's the others' turn, whatever is left of the quota.
  void Yield() { m_hasToStop = true; }
  uint8_t Pool() const { return m_pool; }
  // The next request belongs to `pool`. False when it is to run here: it's this one, or all stops. Else the turn ends,
  // and goes on there.
  bool MoveTo(uint8_t pool) {
    if (pool == m_pool || m_isStaying) return false;
    m_nextPool = pool;
    return m_hasToStop = true;
  }
  uint8_t NextPool() const { return m_nextPool; }
  // From the next Begin on nothing moves to another pool.
  void Stay() { m_isStaying = true; }

  // The request that runs will be answered later, by whoever holds what is returned. Its block is kept until then, or
  // until nobody wants the answer any more, where the protocol needs it.
  CDeferral Defer(std::shared_ptr<const CBlock> p_kept = nullptr);
  // Requests that were deferred in this turn; the last one if it holds up what comes behind it.
  bool IsHeld() const { return m_isHeld; }
  // Nothing more is run in this turn.
  bool HasToStop() const { return m_hasToStop; }

 private:
  CSender& m_sender;
  const STurnLinks& m_links;  // outlives the deferrals that are made here
  CCloser m_closer;
  const CTally m_tally;
  CTrace m_trace;
  const uint8_t m_pool;
  CConnection* m_p_connection = nullptr;
  CSession m_session;
  bool m_isGood = true;
  bool m_isHeld = false;
  bool m_hasDeferred = false;
  bool m_isStaying = false;
  bool m_hasToStop = false;
  uint8_t m_nextPool = 0;
  std::unique_ptr<std::byte[]> m_p_gathered;
  size_t m_size = 0;
};

}  // namespace switchboard
