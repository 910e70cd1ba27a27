#include "net/site/CHttpReceiver.h"

#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace switchboard {

namespace {

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

CHttpReceiver::CHttpReceiver(const SReceiverParts& parts, CRunList& runnable)
    : m_parts(parts),
      m_flood(parts.config.flood),
      m_hasRoutes(parts.handlers.HasRoutes()),
      m_counters(parts.page.io),
      m_runnable(runnable),
      m_answers(parts.sender, CTally::Own(parts.page.io)) {}

SHttpOutcome CHttpReceiver::Receive(CConnection& connection, std::span<const std::byte> input, MonotonicTime now) {
  std::string_view text = TextOf(input);
  CHttpInput* const p_held = connection.p_httpInput.get();
  m_answers.Begin(connection);
  m_requests = 0;
  SHttpOutcome outcome = Run(connection, p_held != nullptr ? p_held->parser : m_parser, text, now);
  m_answers.End();
  if (outcome.kind == SHttpOutcome::EKind::kOver) {
    connection.p_httpInput.reset();
    m_parser.Clear();
  } else if (outcome.kind == SHttpOutcome::EKind::kIdle) {
    connection.p_httpInput.reset();
  } else {
    Hold(connection, text);
  }
  if (m_flood.enabled && m_requests > 0 &&
      !connection.floodGuard.Admit(m_requests, now, m_flood.packets_per_second, m_flood.burst)) {
    return {SHttpOutcome::EKind::kOver, ECloseReason::kFlood, true};
  }
  return outcome;
}

SHttpOutcome CHttpReceiver::Resume(CConnection& connection, MonotonicTime now) {
  size_t from = 0;
  if (connection.p_httpInput != nullptr) {
    m_resumed = std::exchange(connection.p_httpInput->waiting, {});
    from = std::exchange(connection.p_httpInput->waitingAt, 0);
  }
  const SHttpOutcome outcome = Receive(connection, std::span(m_resumed).subspan(from), now);
  m_resumed.clear();
  return outcome;
}

// Keeps what the parser has of a started request, and what couldn't be looked at yet.
void CHttpReceiver::Hold(CConnection& connection, std::string_view rest) {
  const bool isNew = connection.p_httpInput == nullptr;
  if (isNew && rest.empty() && !m_parser.HasPartial()) return;
  if (isNew) connection.p_httpInput = std::make_unique<CHttpInput>();
  CHttpInput& input = *connection.p_httpInput;
  if (isNew) input.parser = std::exchange(m_parser, {});
  if (!m_resumed.empty() && rest.size() > m_resumed.size() / 2) {
    // Most of what had waited waits on: to move it once for every request of it would take quadratic time.
    input.waitingAt = m_resumed.size() - rest.size();
    input.waiting = std::exchange(m_resumed, {});
    return;
  }
  const auto bytes = std::as_bytes(std::span(rest));
  input.waiting.assign(bytes.begin(), bytes.end());
}

SHttpOutcome CHttpReceiver::Run(CConnection& connection, CHttpParser& parser, std::string_view& text,
                                MonotonicTime now) {
  CHttpSite& site = *m_parts.sites[connection.Listener()];
  SHttpOutcome outcome;
  for (;;) {
    if (text.empty() && !parser.HasPartial()) break;
    if (MustAwaitTurn(connection)) {
      outcome.kind = SHttpOutcome::EKind::kResting;
      return outcome;
    }
    if (m_parts.flowControl.ShouldRest(connection)) {
      outcome.kind = SHttpOutcome::EKind::kResting;
      return outcome;
    }
    const CHttpParser::SStep step = parser.Next(text, site.Limits(), m_request);
    text.remove_prefix(step.eaten);
    switch (step.what) {
      case EHttpStep::kNeedsMore:
        outcome.kind = parser.HasPartial() ? SHttpOutcome::EKind::kStarted : SHttpOutcome::EKind::kIdle;
        return outcome;
      case EHttpStep::kHead:
        if (!m_request.expectsContinue) break;
        // Nobody is asked to send what will be refused (RFC 9110 section 10.1.1). Whether the body comes all the same,
        // only the client knows, so this is the end.
        if (const uint16_t status = RefusalOfHead(); status != 0) {
          site.Refuse(m_request, status, m_answers);
          outcome.kind = SHttpOutcome::EKind::kOver;
          return outcome;
        }
        if (m_request.contentLength <= site.Limits().bodyBytes) m_answers.Add("HTTP/1.1 100 Continue\r\n\r\n");
        break;
      case EHttpStep::kRequest:
        outcome.hasFinished = true;
        if (!Handle(connection, now)) break;
        outcome.kind = SHttpOutcome::EKind::kOver;
        return outcome;
      case EHttpStep::kBad:
        site.Refuse(m_request, step.verdict.status, m_answers);
        outcome.kind = SHttpOutcome::EKind::kOver;
        outcome.reason = ECloseReason::kBadRequest;
        return outcome;
    }
  }
  if (m_parts.flowControl.ShouldRest(connection)) outcome.kind = SHttpOutcome::EKind::kResting;
  return outcome;
}

uint16_t CHttpReceiver::RefusalOfHead() {
  const SHttpVerdict verdict = m_path.Resolve(m_request.target);
  if (verdict.status != 0) return m_request.target == "*" ? 405 : verdict.status;
  if (m_hasRoutes && m_parts.handlers.HasRoute(m_path.Full())) return 0;
  return CHttpSite::IsServed(m_request.method) ? 0 : 405;
}

bool CHttpReceiver::Handle(CConnection& connection, MonotonicTime now) {
  const bool isLast = !m_request.isKeepAlive || m_isDraining;
  ++m_requests;
  m_counters.Add(ECounter::kPacketsAccepted);
  CHttpSite& site = *m_parts.sites[connection.Listener()];
  const SHttpVerdict verdict = m_path.Resolve(m_request.target);
  if (verdict.status != 0) {
    site.AnswerError(m_request, m_request.target == "*" ? 405 : verdict.status, isLast, m_answers);
  } else if (m_hasRoutes && m_parts.handlers.HasRoute(m_path.Full())) {
    PostToRoute(connection, isLast);
  } else {
    site.Answer(m_request, m_path, isLast, now, m_answers);
  }
  return isLast;
}

void CHttpReceiver::PostToRoute(CConnection& connection, bool isLast) {
  CHttpSite& site = *m_parts.sites[connection.Listener()];
  if (!m_parts.dispatcher.HasRoomFor(1)) {
    site.AnswerError(m_request, 503, isLast, m_answers);
    return;
  }
  m_answers.Flush();  // what was asked before is answered before
  SPostedHttpRequest prefix;
  prefix.headBytes = static_cast<uint32_t>(m_request.head.size());
  prefix.isLast = isLast;
  BlockPtr p_block = m_parts.buffers.Get(sizeof(prefix) + m_request.head.size() + m_request.body.size());
  p_block->Append(std::as_bytes(std::span(&prefix, 1)));
  p_block->Append(std::as_bytes(std::span(m_request.head)));
  p_block->Append(std::as_bytes(std::span(m_request.body)));
  m_counters.Add(ECounter::kPacketsEntered);
  m_parts.dispatcher.CountQueued(1);
  if (connection.mailbox.Post(std::move(p_block))) m_runnable.PushBack(connection);
}

bool CHttpReceiver::MustAwaitTurn(CConnection& connection) {
  if (connection.mailbox.IsIdle()) return false;
  // Whoever leaves the turn looks at the mark afterwards; look again, so that one side sees the other.
  connection.isReadAwaitingTurn.exchange(true, std::memory_order_acq_rel);
  if (!connection.mailbox.IsIdle()) return true;
  connection.isReadAwaitingTurn.exchange(false, std::memory_order_acq_rel);
  return false;
}

void CHttpReceiver::TimeOut(CConnection& connection) {
  if (!connection.mailbox.IsIdle()) return;
  m_answers.Begin(connection);
  m_request.Reset();
  m_parts.sites[connection.Listener()]->Refuse(m_request, 408, m_answers);
  m_answers.End();
}

void CHttpReceiver::FlushLogs() {
  for (const auto& p_site : m_parts.sites) {
    if (p_site != nullptr) p_site->Log().Flush();
  }
}

void CHttpReceiver::ReopenLogs() {
  for (const auto& p_site : m_parts.sites) {
    if (p_site != nullptr) p_site->Log().Reopen();
  }
}

}  // namespace switchboard
