#include "net/site/CHttpProtocol.h"

#include <utility>

namespace switchboard {

namespace {

// Who asks for more than it takes is not read: a client that reads has less than that in the server.
constexpr uint32_t kMostUnsent = 64 * 1024;

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

SIdleRule IdleRuleOf(const SHttpConfig& config) {
  return {.silence = config.idle_timeout,
          .phase = EPhase::kDraining,
          .countsOnlyRest = true,
          .minRate = static_cast<double>(config.min_rate),
          .flushesWhileTaken = true};
}

}  // namespace

CHttpProtocol::CHttpProtocol(const SProtocolParts& parts, const SListenerConfig& config, CHttpHandlers& handlers,
                             CLimitedLog& log)
    : CProtocol(kMostUnsent),
      m_parts(parts),
      m_flood(parts.config.flood),
      m_idleRule(IdleRuleOf(config.http)),
      m_handlers(handlers),
      m_site(config, log) {}

SReading CHttpProtocol::Receive(CConnection& connection, std::span<const std::byte> input, MonotonicTime now) {
  std::string_view text = TextOf(input);
  auto* const p_held = static_cast<SInput*>(connection.read.p_input.get());
  m_requests = 0;
  SReading reading;
  m_parts.reading.turn.Begin(connection);
  {
    CHttpAnswers answers(m_parts.reading.turn, m_now);
    reading = Handle(connection, p_held != nullptr ? p_held->parser : m_parser, text, answers, now);
  }
  m_parts.reading.turn.End();
  if (reading.then == SReading::EThen::kEnd) {
    connection.read.p_input.reset();
    m_parser.Clear();
  } else if (reading.then == SReading::EThen::kWait) {
    connection.read.p_input.reset();
  } else {
    Hold(connection, text);
  }
  if (m_flood.enabled && m_requests > 0 &&
      !connection.read.floodGuard.AdmitRead(m_requests, m_parts.reading.CameSince(connection, now), now, m_parts.clock,
                                            m_flood.packets_per_second, m_flood.burst)) {
    return {SReading::EThen::kEnd, EPhase::kDraining, ECloseReason::kFlood, true};
  }
  return reading;
}

SReading CHttpProtocol::Resume(CConnection& connection, MonotonicTime now) {
  size_t from = 0;
  if (auto* const p_held = static_cast<SInput*>(connection.read.p_input.get())) {
    m_resumed = std::exchange(p_held->waiting, {});
    from = std::exchange(p_held->waitingAt, 0);
  }
  const SReading reading = Receive(connection, std::span(m_resumed).subspan(from), now);
  m_resumed.clear();
  return reading;
}

// Keeps what the parser has of a started request, and what couldn't be looked at yet.
void CHttpProtocol::Hold(CConnection& connection, std::string_view rest) {
  const bool isNew = connection.read.p_input == nullptr;
  if (isNew && rest.empty() && !m_parser.HasPartial()) return;
  if (isNew) {
    auto p_new = std::make_unique<SInput>(connection);
    p_new->parser = std::exchange(m_parser, {});
    connection.read.p_input = std::move(p_new);
  }
  auto& input = static_cast<SInput&>(*connection.read.p_input);
  if (!m_resumed.empty() && rest.size() > m_resumed.size() / 2) {
    // Most of what had waited waits on: to move it once for every request of it would take quadratic time.
    input.waitingAt = m_resumed.size() - rest.size();
    input.waiting = std::exchange(m_resumed, {});
    return;
  }
  const auto bytes = std::as_bytes(std::span(rest));
  input.waiting.assign(bytes.begin(), bytes.end());
}

SReading CHttpProtocol::Handle(CConnection& connection, CHttpParser& parser, std::string_view& text,
                               CHttpAnswers& answers, MonotonicTime now) {
  SReading reading;
  for (;;) {
    if (text.empty() && !parser.HasPartial()) break;
    // Answers leave in the order of the requests, so what handlers have comes first.
    if ((!connection.mailbox.IsIdle() && connection.mailbox.AwaitTurn()) ||
        m_parts.flowControl.ShouldRest(connection)) {
      reading.then = SReading::EThen::kRest;
      return reading;
    }
    const CHttpParser::SStep step = parser.Next(text, m_site.Limits(), m_request);
    text.remove_prefix(step.eaten);
    switch (step.what) {
      case EHttpStep::kNeedsMore:
        if (parser.HasPartial()) reading.then = SReading::EThen::kStarted;
        return reading;
      case EHttpStep::kHead:
        if (!m_request.expectsContinue) break;
        // Nobody is asked to send what will be refused (RFC 9110 section 10.1.1). Whether the body comes all the same,
        // only the client knows, so this is the end.
        if (const uint16_t status = RefusalOfHead(); status != 0) {
          m_site.Refuse(m_request, status, answers);
          reading.then = SReading::EThen::kEnd;
          reading.reason = ECloseReason::kAnswered;
          return reading;
        }
        if (m_request.contentLength <= m_site.Limits().bodyBytes) answers.Add("HTTP/1.1 100 Continue\r\n\r\n");
        break;
      case EHttpStep::kRequest:
        reading.hasFinished = true;
        if (!Answer(connection, answers, now)) break;
        reading.then = SReading::EThen::kEnd;
        reading.reason = ECloseReason::kAnswered;
        return reading;
      case EHttpStep::kBad:
        m_site.Refuse(m_request, step.verdict.status, answers);
        reading.then = SReading::EThen::kEnd;
        reading.reason = ECloseReason::kBadRequest;
        return reading;
    }
  }
  if (m_parts.flowControl.ShouldRest(connection)) reading.then = SReading::EThen::kRest;
  return reading;
}

bool CHttpProtocol::Answer(CConnection& connection, CHttpAnswers& answers, MonotonicTime now) {
  const bool isLast = !m_request.isKeepAlive || m_isDraining;
  ++m_requests;
  m_parts.counters.Add(ECounter::kPacketsAccepted);
  const SHttpVerdict verdict = m_path.Resolve(m_request.target);
  const SHttpTask task{m_request, isLast, answers};
  if (verdict.status != 0) {
    m_site.AnswerStatus(task, m_request.target == "*" ? 405 : verdict.status);
  } else if (const std::optional<uint32_t> handler = m_handlers.Take(m_site, task, m_path, now)) {
    Post(connection, {*handler, isLast}, answers);
  }
  return isLast;
}

uint16_t CHttpProtocol::RefusalOfHead() {
  const SHttpVerdict verdict = m_path.Resolve(m_request.target);
  if (verdict.status != 0) return m_request.target == "*" ? 405 : verdict.status;
  return m_handlers.RefusalOf(m_request, m_path);
}

void CHttpProtocol::Post(CConnection& connection, const CPostedRequest::SMeta& meta, CHttpAnswers& answers) {
  if (m_parts.business.RoomFor(connection.mailbox.Requests(), 1).queued == 0) {
    m_site.AnswerStatus({m_request, meta.isLast, answers}, 503);
    return;
  }
  answers.Flush();  // what was asked before is answered before
  BlockPtr p_block = CPostedRequest::Pack(m_parts.buffers, m_request, m_path, meta);
  m_parts.counters.Add(ECounter::kPacketsEntered);
  m_parts.business.CountQueued(1, connection.mailbox.Charge(*p_block, 1));
  if (connection.mailbox.Post(std::move(p_block))) m_parts.reading.runnable.PushBack(connection);
}

void CHttpProtocol::Run(CTurn& turn, BlockPtr& p_block, uint32_t& quota) {
  const CPostedRequest::SMeta meta = CPostedRequest::MetaOf(p_block->Unused());
  if (turn.MoveTo(m_handlers.PoolOf(meta.handler))) return;
  --quota;
  // Large, and used again and again.
  thread_local SHttpRequest request;
  SRouteTask task{turn, request, {}, {}, m_site, meta.isLast, p_block, nullptr};
  CPostedRequest::Unpack(p_block->Unused(), request, task.path, task.query);
  m_handlers.Run(meta.handler, task);
  if (p_block != nullptr) p_block->Consume(p_block->Unused().size());
}

void CHttpProtocol::OnOverdue(CConnection& connection) {
  if (!connection.mailbox.IsIdle()) return;
  m_parts.reading.turn.Begin(connection);
  {
    CHttpAnswers answers(m_parts.reading.turn, m_now);
    m_request.Reset();
    m_site.Refuse(m_request, 408, answers);
  }
  m_parts.reading.turn.End();
}

}  // namespace switchboard
