#include "logic/CHttpRoutes.h"

#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>

#include "logic/CLogic.h"
#include "net/conn/CConnectionPool.h"
#include "net/http/CHttpHead.h"
#include "net/site/CHttpReceiver.h"

namespace switchboard {

namespace {

// What may be queued for a connection beside a route's answer when its request is taken: answers to earlier ones.
constexpr size_t kMarginBytes = 128 * 1024;

// What a thread needs to run routes; large, and used again and again.
struct SWorkplace {
  SHttpRequest request;
  CHttpPath path;
  CHttpNow now;
  std::string text;
};

SWorkplace& Workplace() {
  thread_local SWorkplace workplace;
  return workplace;
}

SHttpReply FailureReply(std::string_view page) { return {500, "text/html; charset=utf-8", page}; }

// Whether nothing more will be read, because the worker began to stop after the request was taken.
bool IsDraining(const CConnection* p_connection) {
  return p_connection != nullptr && p_connection->Phase() >= EPhase::kDraining;
}

}  // namespace

void CHttpRoutes::Add(std::string_view path, Handler p_handler, Run run) {
  const std::string name = "route " + std::string(path);
  CHttpPath resolved;
  if (resolved.Resolve(path).status != 0 || resolved.Full() != path) {
    throw std::logic_error(name + ": a route is a decoded path, \"/\" first, without dot segments and query");
  }
  if (run == Run::kInline) throw std::logic_error(name + ": handlers of routes run on the business pool");
  if (!m_table.try_emplace(std::string(path), SEntry{p_handler, run == Run::kBlocking}).second) {
    throw std::logic_error(name + " has two handlers");
  }
}

const CHttpSite& CHttpRoutes::Site(uint16_t listener) const { return *(*m_logic.Links().p_sites)[listener]; }

size_t CHttpRoutes::MaxReplyBytes() const {
  const SLimitsConfig& limits = m_logic.Config().limits;
  return limits.send_queue_bytes - limits.recv_pause_bytes - kMarginBytes;
}

void CHttpRoutes::Handle(CTurn& turn, std::span<const std::byte> posted) {
  SPostedHttpRequest prefix;
  std::memcpy(&prefix, posted.data(), sizeof(prefix));
  const std::string_view text(reinterpret_cast<const char*>(posted.data()) + sizeof(prefix),
                              posted.size() - sizeof(prefix));
  SWorkplace& workplace = Workplace();
  CHttpHead::Parse(text.substr(0, prefix.headBytes), workplace.request);
  workplace.request.body = text.substr(prefix.headBytes);
  workplace.path.Resolve(workplace.request.target);
  const auto found = m_table.find(workplace.path.Full());
  if (!turn.Connection().IsAnswering() || found == m_table.end()) {
    turn.Tally().Add(ECounter::kPacketsDiscarded);
  } else {
    RunHandler(found->second, {turn, workplace.request, workplace.path, turn.Connection().Listener(), prefix.isLast});
    if (turn.IsDeferred()) return;  // it is still in flight
  }
  turn.Tally().Add(ECounter::kPacketsLeft);
}

void CHttpRoutes::RunHandler(const SEntry& entry, const SRouteTask& task) {
  if (entry.isBlocking) task.turn.Flush();
  CHttpRequest request(*this, task);
  ERejectReason failure = ERejectReason::kHandlerFailed;
  try {
    (m_logic.*entry.p_handler)(request);
  } catch (const std::exception& error) {
    failure = ERejectReason::kHandlerThrew;
    m_logic.Log().WarnLimited(m_failLimit, "the handler of route {} threw: {}", task.path.Full(), error.what());
  } catch (...) {
    failure = ERejectReason::kHandlerThrew;
    m_logic.Log().WarnLimited(m_failLimit, "the handler of route {} threw something that is no std::exception",
                              task.path.Full());
  }
  if (!request.IsEnded()) Answer(task, FailureReply(CHttpSite::PageOf(500)), CounterOf(failure));
}

bool CHttpRoutes::Answer(const SRouteTask& task, const SHttpReply& reply, ECounter outcome) {
  SWorkplace& workplace = Workplace();
  workplace.now.Refresh();
  workplace.text.clear();
  CConnection& connection = task.turn.Connection();
  const bool isLast = task.isLast || IsDraining(&connection);
  Append(workplace.text, task.request, task.listener, isLast, workplace.now, reply);
  const bool isTaken = task.turn.PutBytes(std::as_bytes(std::span(workplace.text)));
  task.turn.Tally().Add(isTaken ? outcome : ECounter::kPacketsDiscarded);
  WriteLog(task.request, task.listener, workplace.now, connection.Peer(connection.Generation()).value_or(SPeer{}),
           reply);
  return isTaken;
}

bool CHttpRoutes::AnswerDeferred(const CDeferredHttpReply& deferred, const SHttpReply& reply, ECounter outcome) {
  // A place of its own: a handler that answers at once still has the views of the thread's request.
  SHttpRequest request;
  CHttpHead::Parse(deferred.m_head, request);
  CHttpNow now;
  now.Refresh();
  std::string text;
  const bool isLast = deferred.m_isLast || IsDraining(m_logic.Links().pool.Find(deferred.Session()));
  Append(text, request, deferred.m_listener, isLast, now, reply);
  // The log first: a stop may only wait for this answer, and then takes the site away.
  const std::optional<SPeer> peer = m_logic.PeerAddress(deferred.Session());
  if (peer) WriteLog(request, deferred.m_listener, now, *peer, reply);
  return m_logic.EndDeferral(deferred.Session(), std::as_bytes(std::span(text)), outcome);
}

void CHttpRoutes::FailDeferred(const CDeferredHttpReply& deferred) {
  AnswerDeferred(deferred, FailureReply(CHttpSite::PageOf(500)), CounterOf(ERejectReason::kHandlerFailed));
}

void CHttpRoutes::Append(std::string& to, const SHttpRequest& request, uint16_t listener, bool isLast,
                         const CHttpNow& now, const SHttpReply& reply) const {
  std::string fields;
  for (const SHttpField& field : reply.fields) {
    fields.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (!reply.contentType.empty() && reply.status != 204 && reply.status != 304) {
    fields.append("Content-Type: ").append(reply.contentType).append("\r\n");
  }
  Site(listener).AppendHead(to, request, now, isLast, reply.status, fields, reply.body.size());
  if (request.method != EHttpMethod::kHead) to.append(reply.body);
}

void CHttpRoutes::WriteLog(const SHttpRequest& request, uint16_t listener, const CHttpNow& now, const SPeer& peer,
                           const SHttpReply& reply) const {
  const uint64_t bodyBytes = request.method == EHttpMethod::kHead ? 0 : reply.body.size();
  Site(listener).LogRoute(request, now, peer, reply.status, bodyBytes);
}

}  // namespace switchboard
