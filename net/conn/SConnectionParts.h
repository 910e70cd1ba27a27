#pragma once

#include <cstdint>
#include <memory>

#include "misc/CBufferPool.h"
#include "net/conn/CFloodGuard.h"
#include "net/conn/CInput.h"
#include "net/conn/CUserState.h"

namespace switchboard {

class CConnection;

// What sb-io alone touches of a connection: its reading.
// Threads: sb-io.
struct SReadHalf {
  CFloodGuard floodGuard;
  std::unique_ptr<CInput> p_input;  // the protocol's; nullptr between requests
  uint32_t inputBytes = 0;          // the memory of p_input, as it was counted last
  bool isDetached = false;          // from epoll; nothing is read any more
  bool isResting = false;           // nothing is read until it is resumed
  bool isLingering = false;         // what comes is dropped, until the peer ends it
  bool isBehind = false;            // what came while it rested isn't read yet
};

// What the handlers' side keeps of a connection.
// Threads: whoever runs the connection's turn; p_runNext is guarded by the lock of the queue that it is in.
struct STurnHalf {
  std::unique_ptr<CUserState> p_state;
  CConnection* p_runNext = nullptr;
};

// What goes with the right to write to the socket.
// Threads: the owner of the write half (COutbox).
struct SWriteHalf {
  CBlockQueue sending;  // what sb-send or sb-file is about to write, before the outbox's queue
  bool isInSendEpoll = false;
  bool isInFileEpoll = false;
  bool isCorked = false;   // TCP_CORK is on, between the pieces of a large file
  bool isWatched = false;  // sb-io knows that the peer doesn't take all at once
};

// How far the end of a connection has come.
// Threads: sb-recycle.
struct SRecycling {
  bool isReadHalfDone = false;
  bool isHandlingDone = false;
  bool isFlushTimed = false;
  bool isLingering = false;
  uint64_t takenAtFlushLook = 0;
};

}  // namespace switchboard
