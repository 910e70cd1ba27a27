#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "misc/count/CScoreboard.h"
#include "net/wire/Reasons.h"

namespace switchboard {

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
  kJobsRefused,          // posted functions that never run, since too many waited
  kCopiesPublished,      // packets of the hub, one for each receiver …
  kCopiesSent,           // … that its connection took
  kCopiesMissed,         // … and others: it was gone, or had too much unsent
  kHubRefused,           // joins and binds beyond a limit, and names that are none
  kHubPassed,            // orders to other workers …
  kHubTaken,             // … that these got
  kHubDropped,           // orders that another worker was too slow for
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
