#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "misc/count/CScoreboard.h"

namespace switchboard {

// Why a connection was closed. The first reason given wins.
enum class ECloseReason : uint8_t {
  kPeerClosed,         // end of stream from the peer, everything it asked was answered
  kPeerReset,          // ECONNRESET, EPIPE, ETIMEDOUT, …
  kBadLength,          // pkgLen under 8 or over limits.packet_bytes
  kBadCrc,             //
  kPacketTimeout,      // a started packet didn't finish within limits.packet_timeout_s
  kHeartbeat,          // silent for heartbeat.interval_s × max_misses
  kMaxSession,         // older than heartbeat.max_session_s
  kFlood,              //
  kSendQueueOverflow,  // more than limits.send_queue_bytes unsent
  kByHandler,          // CServerCalls::Close
  kBadRequest,         // HTTP that can't be read any further
  kAnswered,           // the HTTP answer before it said "Connection: close"
  kTooSlow,            // took its answers more slowly than the listener's min_rate
  kFileChanged,        // the file that was being sent became shorter
  kMemory,             // held the most when all together held more than limits.total_bytes
  kWorkerStop,         // the worker shut down
  kWorkerLost,         // the worker died; counted by the master
  kCount
};

// Why a packet was answered with Reject; the number is the `reason` on the wire.
enum class ERejectReason : uint16_t {
  kNone = 0,
  kBadCrc = 1,
  kUnknownCode = 2,
  kShortBody = 3,
  kHandlerFailed = 4,  // returned false, or returned true without an answer
  kHandlerThrew = 5,
  kOverload = 6,
  kQuarantined = 7,
  kByHandler = 8,  // counts what handlers refuse for reasons of their own, kFirstUserReason and up on the wire
  kCount
};

// The Reject reasons from here on belong to the handlers.
inline constexpr uint16_t kFirstUserReason = 256;

std::string_view ToString(ECloseReason reason);
std::string_view ToString(ERejectReason reason);

// Every counter of a worker. The two families at the end have one entry per reason.
enum class ECounter : uint16_t {
  kConnectionsAccepted,
  kConnectionsRefused,  // by the master: nobody could take the client, and no place was left to wait in
  kAcceptPauses,        // listener rested: out of descriptors or of connection slots
  kAcceptWakeups,       // times that sb-io found a listener ready
  kIoWakeups,           // returns of sb-io's epoll_wait
  kPacketsAccepted,     // valid header, whole body arrived
  kPacketsReplied,
  kPacketsOneWay,     // ended without an answer, by declaration
  kPacketsDiscarded,  // ended by the close of their connection
  kPacketsPushed,     // server → client packets that answer nothing
  kPacketsEntered,    // entered the mailbox or an inline run …
  kPacketsLeft,       // … and left it: entered − left is what is in flight
  kBytesReceived,
  kBytesSent,
  kReceives,             // recv calls that brought bytes
  kSends,                // send calls that took bytes
  kSendThreadHandOvers,  // batches that could not be written at once
  kReadPauses,           // reading rested at limits.recv_pause_bytes
  kStaleSessions,        // uses of a CSession whose connection is gone
  kClosedFirst,          // + ECloseReason
  kRejectedFirst = kClosedFirst + static_cast<uint16_t>(ECloseReason::kCount),  // + ERejectReason
  kCount = kRejectedFirst + static_cast<uint16_t>(ERejectReason::kCount)
};

inline constexpr size_t kCountersInUse = static_cast<size_t>(ECounter::kCount);
static_assert(kCountersInUse <= kCounterCount);

constexpr ECounter CounterOf(ECloseReason reason) {
  return static_cast<ECounter>(static_cast<uint16_t>(ECounter::kClosedFirst) + static_cast<uint16_t>(reason));
}
constexpr ECounter CounterOf(ERejectReason reason) {
  return static_cast<ECounter>(static_cast<uint16_t>(ECounter::kRejectedFirst) + static_cast<uint16_t>(reason));
}

// The field name of a counter, such as "packets_accepted" or "closed_heartbeat".
std::string CounterName(ECounter counter);

// Whether a line of --status has this name, or might one day, so that no counter of a logic may have it.
bool IsFrameworkCounter(std::string_view name);

// After the death of the worker of a page: what it held is counted as lost with it (closed_worker_lost,
// packets_discarded), the gauge returns to zero, and the page is free. Called by the master.
void WriteOff(SWorkerPage& page);

}  // namespace switchboard
