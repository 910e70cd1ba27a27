// What the thread roles tell each other, and the inboxes that they tell it in. A note names a session, never a pointer
// alone, so one that arrives late is recognised and dropped.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "misc/CInbox.h"
#include "misc/CQueue.h"
#include "net/conn/CConnection.h"
#include "net/conn/CSession.h"
#include "net/wire/Wire.h"

namespace switchboard {

enum class EIoNote : uint8_t {
  kDetach,        // the connection moves on: stop reading it, and let go of a deferral if nobody wants its answer
  kResumeRead,    // its bytes in the server have fallen enough
  kResumeAccept,  // a descriptor or a slot has become free
  kAcceptAll,     // what waits, before kStopAccept
  kStopAccept,    // for good
  kAddListener,   // one more, from CIoLoop::AddListener
  kReopenLogs,    // the access logs
  kGoAway,        // tell every client that the server drains
  kDetachAll,     // every connection moves on to `phase`
  kQuit           //
};
struct SIoNote {
  EIoNote kind;
  CSession session = {};
  EPhase phase = EPhase::kOpen;
  uint32_t drainMs = 0;
  EGoAwayReason goAwayReason = EGoAwayReason::kStop;
  bool isServersEnd = false;
};

enum class ESendNote : uint8_t { kServe, kQuit };
struct SSendNote {
  ESendNote kind;
  CSession session = {};
};

enum class ERecycleNote : uint8_t {
  kAsked,          // somebody moved its phase on
  kReadHalfDone,   // sb-io has let go of it
  kHandlingDone,   // its last handler has run
  kWriteHalfFree,  // nobody owns its write half
  kTellWhenIdle,   // CRecycler::WaitUntilIdle waits
  kQuit            //
};
struct SRecycleNote {
  ERecycleNote kind;
  CSession session = {};
};

// One inbox for each role that is told things. Made before the roles and gone after them, so that the roles need not
// know each other.
struct SInboxes {
  // A connection has at most this many notes for sb-recycle in its life: three phases to ask for, two halves that are
  // done, and a free write half for each time that it is awaited.
  static constexpr size_t kRecycleNotesPerConnection = 16;

  explicit SInboxes(uint32_t maxConnections) : recycle(kRecycleNotesPerConnection * (size_t{maxConnections} + 1)) {}

  // Tells sb-recycle. A full queue is a broken invariant, and ends the process: a lost note would leak a connection.
  void TellRecycler(SRecycleNote note) {
    if (recycle.Push(std::move(note))) return;
    std::fputs("switchboard: the queue of sb-recycle is full, which its bound makes impossible\n", stderr);
    std::abort();
  }

  CInbox<SIoNote> io;
  CInbox<SSendNote> send;
  CQueue<SRecycleNote> recycle;
  // sb-io waits for a descriptor or a slot: whoever frees one posts kResumeAccept, once.
  std::atomic<bool> isAcceptResting{false};
};

}  // namespace switchboard
