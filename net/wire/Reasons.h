// Why connections are closed, and why packets are rejected.
#pragma once

#include <cstdint>
#include <string_view>

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

}  // namespace switchboard
