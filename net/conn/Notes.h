// What the thread roles tell each other, and the inboxes that they tell it in. A note names a session, never a pointer
// alone, so one that arrives late is recognised and dropped.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <variant>

#include "misc/thread/CInbox.h"
#include "misc/thread/CQueue.h"
#include "net/conn/CConnection.h"
#include "net/conn/CSession.h"
#include "net/wire/Wire.h"

namespace switchboard {

// What a server says to its clients when it wants them to leave.
struct SFarewell {
  uint32_t drainMs = 0;  // they are served for so long
  EGoAwayReason reason = EGoAwayReason::kStop;
  bool isMomentOver = false;  // it was said a moment ago: who can't be told has had time for one more request
};

// To sb-io.
namespace io_note {
struct SPhaseMoved {  // the connection moves on: stop reading it, and let go of deferrals if nobody wants their answers
  CSession session;
};
struct SResumeRead {  // its bytes in the server have fallen enough, or its handlers have answered
  CSession session;
};
struct SLookAtSilent {  // nothing was heard of it for too long: look whether something waits, then judge
  CSession session;
};
struct SWatchSending {  // it takes what it is sent more slowly than that comes
  CSession session;
};
struct SLinger {  // its socket is to be read until its peer has heard the last answer
  CSession session;
};
struct SMakeRoom {};      // all connections together hold more than limits.total_bytes
struct SResumeAccept {};  // a descriptor or a slot has become free
struct SAcceptAll {};     // what waits, before SStopAccept
struct SStopAccept {      // for good
  bool isServersEnd;
};
struct SAddListener {};  // one more, from CIoLoop::AddListener
struct SReopenLogs {};   // the access logs
struct SSayFarewell {    // to every client
  SFarewell farewell;
};
struct SDetachAll {  // every connection moves on to `phase`
  EPhase phase;
};
struct SLookAtClock {};  // it was put forward
struct SQuit {};
}  // namespace io_note
using IoNote = std::variant<io_note::SPhaseMoved, io_note::SResumeRead, io_note::SLookAtSilent, io_note::SWatchSending,
                            io_note::SLinger, io_note::SMakeRoom, io_note::SResumeAccept, io_note::SAcceptAll,
                            io_note::SStopAccept, io_note::SAddListener, io_note::SReopenLogs, io_note::SSayFarewell,
                            io_note::SDetachAll, io_note::SLookAtClock, io_note::SQuit>;

// To sb-send, and from there to sb-file.
namespace send_note {
struct SServe {  // the write half of the connection is the sender's, or its end is awaited
  CSession session;
};
struct SQuit {};
}  // namespace send_note
using SendNote = std::variant<send_note::SServe, send_note::SQuit>;

// To sb-recycle.
namespace recycle_note {
struct SPhaseMoved {  // of a connection whose read half sb-io has let go of before
  CSession session;
};
struct SReadHalfDone {  // sb-io has let go of it
  CSession session;
};
struct SHandlingDone {  // its last handler has run
  CSession session;
};
struct SLingerDone {  // sb-io has let go of it once more
  CSession session;
};
struct SWriteHalfFree {  // nobody owns its write half
  CSession session;
};
struct STellWhenIdle {};  // CRecycler::WaitUntilIdle waits
struct SLookAtClock {};   // it was put forward
struct SQuit {};
}  // namespace recycle_note
using RecycleNote = std::variant<recycle_note::SPhaseMoved, recycle_note::SReadHalfDone, recycle_note::SHandlingDone,
                                 recycle_note::SLingerDone, recycle_note::SWriteHalfFree, recycle_note::STellWhenIdle,
                                 recycle_note::SLookAtClock, recycle_note::SQuit>;

// For std::visit: one function for each kind of note.
template <class... Functions>
struct SOverloads : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
SOverloads(Functions...) -> SOverloads<Functions...>;

// One inbox for each role that is told things. Made before the roles and gone after them, so that the roles need not
// know each other.
struct SInboxes {
  // A connection has at most this many notes for sb-recycle in its life: three phases that it is moved on to, two
  // halves that are done, and a free write half for each time that it is awaited.
  static constexpr size_t kRecycleNotesPerConnection = 16;

  explicit SInboxes(uint32_t maxConnections) : recycle(kRecycleNotesPerConnection * (size_t{maxConnections} + 1)) {}

  // Tells sb-recycle. A full queue is a broken invariant, and ends the process, as does a lack of memory: a lost note
  // would leak a connection.
  void TellRecycler(RecycleNote note) noexcept {
    if (recycle.Push(std::move(note))) return;
    std::fputs("switchboard: the queue of sb-recycle is full, which its bound makes impossible\n", stderr);
    std::abort();
  }

  CInbox<IoNote> io;
  CInbox<SendNote> send;
  CInbox<SendNote> files;  // sb-file's
  CQueue<RecycleNote> recycle;
  // sb-io waits for a descriptor or a slot: whoever frees one posts SResumeAccept, once.
  std::atomic<bool> isAcceptResting{false};
};

}  // namespace switchboard
