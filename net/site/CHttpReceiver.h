#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "misc/CClock.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnection.h"
#include "net/http/CHttpPath.h"
#include "net/http/SHttpRequest.h"
#include "net/role/CDispatcher.h"
#include "net/role/SReceiverParts.h"
#include "net/site/CHttpAnswers.h"
#include "net/site/CHttpSite.h"
#include "net/wire/Counters.h"

namespace switchboard {

// In front of a request's head and body, where it waits in a mailbox for its route.
struct SPostedHttpRequest {
  uint32_t headBytes = 0;
  bool isLast = false;  // the connection ends after the answer
};

// What the input of an HTTP connection has come to.
struct SHttpOutcome {
  enum class EKind : uint8_t {
    kIdle,     // everything that arrived is answered, or on its way to a handler
    kStarted,  // a request has begun, and must finish in time
    kResting,  // nothing more can be taken now: stop reading until the connection is resumed
    kOver      // nothing more will be answered: the connection ends when what is queued has left
  };
  EKind kind = EKind::kIdle;
  ECloseReason reason = ECloseReason::kAnswered;  // of kOver
  bool hasFinished = false;                       // a started request has become whole
};

// The read half of HTTP connections: cuts requests, has files answered at once and routes by the business pool, and
// keeps the answers in the order of the requests: a file waits until the handlers before it have answered.
// Threads: sb-io.
class CHttpReceiver {
 public:
  // `runnable` gets the connections that have something for the pool.
  CHttpReceiver(const SReceiverParts& parts, CRunList& runnable);

  // Takes what was received.
  SHttpOutcome Receive(CConnection& connection, std::span<const std::byte> input, MonotonicTime now);
  // Goes on with what had to wait.
  SHttpOutcome Resume(CConnection& connection, MonotonicTime now);
  // Answers a request that doesn't become whole in time.
  void TimeOut(CConnection& connection);
  // From now on every answer is its connection's last.
  void BeginDrain() { m_isDraining = true; }
  void FlushLogs();
  void ReopenLogs();

 private:
  // Handles what is whole at the front of `text`, and takes it off.
  SHttpOutcome Run(CConnection& connection, CHttpParser& parser, std::string_view& text, MonotonicTime now);
  // Answers m_request, or posts it to its route. True when nothing more will be answered.
  bool Handle(CConnection& connection, MonotonicTime now);
  void PostToRoute(CConnection& connection, bool isLast);
  // `rest` lies in m_resumed, or in what was just received.
  void Hold(CConnection& connection, std::string_view rest);
  // Whether what comes must wait until the connection's handlers have answered.
  static bool MustAwaitTurn(CConnection& connection);

  const SReceiverParts m_parts;
  const SFloodConfig m_flood;
  const bool m_hasRoutes;
  CCounters& m_counters;
  CRunList& m_runnable;
  CHttpAnswers m_answers;
  CHttpParser m_parser;  // of connections that hold no input
  SHttpRequest m_request;
  CHttpPath m_path;
  std::vector<std::byte> m_resumed;  // while Resume runs: what had waited
  uint32_t m_requests = 0;           // that the read at hand has brought
  bool m_isDraining = false;
};

}  // namespace switchboard
