// Why connections are closed, and why packets are rejected. Each reason has a counter, closed_NAME
// and rejected_NAME in --status, and every connection and every rejected packet counts in exactly
// one of them.
#pragma once

#include <cstdint>
#include <string_view>

namespace switchboard {

// Why a connection was closed, as CModule::OnDisconnect is told. The first reason given wins. With
// the reasons marked with * everything that arrived before was handled, and its answers were sent
// before the socket was closed; with the others, what waited is dropped and counted
// (packets_discarded).
enum class ECloseReason : uint8_t {
  // * The peer ended the stream, or its half of it.
  kPeerClosed,
  // ECONNRESET, EPIPE, ETIMEDOUT, …: nobody is there to be answered.
  kPeerReset,
  // * pkgLen under 8 or over limits.packet_bytes. Nothing of the stream behind it is looked at.
  kBadLength,
  // A body doesn't fit its CRC. What came before it is answered.
  kBadCrc,
  // * A started packet wasn't whole after limits.packet_timeout_s; over HTTP a request, which gets
  // 408.
  kPacketTimeout,
  // Silent for heartbeat.interval_s × max_misses; over HTTP without a request for the listener's
  // idle_timeout_s.
  kHeartbeat,
  // * Open for longer than heartbeat.max_session_s, however busy.
  kMaxSession,
  // More packets than [flood] allows. What no handler has seen is dropped.
  kFlood,
  // A push or an answer would have left more than limits.send_queue_bytes unsent.
  kSendQueueOverflow,
  // * CServerCalls::Close.
  kByHandler,
  // HTTP that can't be read any further; the peer was told so by a status.
  kBadRequest,
  // The HTTP answer before it said "Connection: close".
  kAnswered,
  // Took its answers more slowly than the listener's min_rate.
  kTooSlow,
  // The file that was being sent became shorter than it was announced.
  kFileChanged,
  // Held the most when all connections of the worker together held more than limits.total_bytes.
  kMemory,
  // * Its user has logged in again (Login::kReplace).
  kReplaced,
  // The worker stopped; * if it did so gracefully, and in time.
  kWorkerStop,
  // The worker died. The master counts it; no hook of the logic sees it, but OnLost of the others.
  kWorkerLost,
  kCount
};

// Why a packet was answered with Reject; the number is the `reason` in its body (SRejectBody). With
// protocol.reject_replies = false nothing is sent, but the same is counted. Only kBadCrc closes the
// connection as well.
enum class ERejectReason : uint16_t {
  kNone = 0,
  // The body doesn't fit its CRC.
  kBadCrc = 1,
  // The code has no handler in this server, or none on this listener (CModule::CBinding::OnlyOn).
  kUnknownCode = 2,
  // CRequest::Body<T> asked for more than there is.
  kShortBody = 3,
  // The handler returned without an answer, or dropped its CDeferredReply.
  kHandlerFailed = 4,
  // The handler threw before it had answered. What it did until then stays done.
  kHandlerThrew = 5,
  // business.queue_packets waited in the worker, and this connection had its share of them. It
  // wasn't run, so the client may send it again, after a pause.
  kOverload = 6,
  // The code has killed three workers within a minute (server.quarantine). It wasn't run, nor will
  // be until a reload, or for ten minutes; one, if it was only too slow.
  kQuarantined = 7,
  // Counts what handlers refuse for reasons of their own; on the wire such a reason is
  // kFirstUserReason or more.
  kByHandler = 8,
  kCount
};

// The Reject reasons from here on are the logic's own: CRequest::Reject(uint16_t).
inline constexpr uint16_t kFirstUserReason = 256;

// As in the counters' names and the log, such as "peer_closed". Not for kCount: throws
// std::out_of_range.
std::string_view ToString(ECloseReason reason);
std::string_view ToString(ERejectReason reason);

}  // namespace switchboard
