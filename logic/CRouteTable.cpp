#include "logic/CRouteTable.h"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <stdexcept>

#include "logic/CRoutePattern.h"
#include "misc/thread/CallUser.h"
#include "net/conn/CConnectionPool.h"
#include "net/http/CHttpNow.h"
#include "net/role/CBusinessPool.h"
#include "net/site/CHttpSite.h"
#include "net/site/CPostedRequest.h"

namespace switchboard {

namespace {

// What may be queued for a connection beside a route's answer when its request is taken: answers to earlier ones.
constexpr size_t kMarginBytes = 128 * 1024;

SHttpReply FailureReply(std::string_view page) { return {500, "text/html; charset=utf-8", page}; }

// Whether nothing more will be read, because the worker began to stop after the request was taken.
bool IsDraining(const CConnection* p_connection) {
  return p_connection != nullptr && p_connection->Phase() >= EPhase::kDraining;
}

// Appends the whole answer.
void Append(std::string& to, const CHttpSite& site, const SHttpRequest& request, bool isLast, const CHttpNow& now,
            const SHttpReply& reply) {
  std::string fields;
  for (const SHttpField& field : reply.fields) {
    fields.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (!reply.contentType.empty() && reply.status != 204 && reply.status != 304) {
    fields.append("Content-Type: ").append(reply.contentType).append("\r\n");
  }
  site.AppendHead(to, request, now, isLast, reply.status, fields, reply.body.size());
  if (request.method != EHttpMethod::kHead) to.append(reply.body);
}

void WriteLog(const CHttpSite& site, const SHttpRequest& request, const CHttpNow& now, const SPeer& peer,
              const SHttpReply& reply) {
  const uint64_t bodyBytes = request.method == EHttpMethod::kHead ? 0 : reply.body.size();
  site.LogRoute(request, now, peer, reply.status, bodyBytes);
}

}  // namespace

void CRouteTable::Add(CModule& module, const CModule::SRoute& route, uint8_t pool) {
  if (!m_numbers.try_emplace(route.path, static_cast<uint32_t>(m_entries.size())).second) {
    throw std::logic_error("route " + route.path + " has two handlers");
  }
  if (CRoutePattern::HasNames(route.path)) {
    for (const uint32_t number : m_patterns) {
      const std::string& other = m_entries[number].path;
      if (!CRoutePattern::Fits(route.path, other) || CRoutePattern::GoesFirst(route.path, other) ||
          CRoutePattern::GoesFirst(other, route.path)) {
        continue;
      }
      throw std::logic_error("route " + route.path + " fits the same paths as " + other);
    }
    m_patterns.push_back(static_cast<uint32_t>(m_entries.size()));
  }
  m_entries.push_back({&module, route.p_handler, pool, route.run == Run::kBlocking, route.path});
}

void CRouteTable::SetFiles(CFileSite& files, uint8_t pool) {
  if (m_p_files != nullptr) throw std::logic_error("two modules serve the files of one listener");
  m_p_files = &files;
  m_filePool = pool;
}

std::optional<uint32_t> CRouteTable::Find(std::string_view path) const {
  const auto found = m_numbers.find(path);
  // The text of a pattern is a path as well, but not one that was meant.
  if (found != m_numbers.end() && !CRoutePattern::HasNames(path)) return found->second;
  std::optional<uint32_t> best;
  for (const uint32_t number : m_patterns) {
    const std::string& pattern = m_entries[number].path;
    if (!CRoutePattern::Fits(pattern, path)) continue;
    if (!best || CRoutePattern::GoesFirst(pattern, m_entries[*best].path)) best = number;
  }
  return best;
}

size_t CRouteTable::MaxReplyBytes() const {
  const SLimitsConfig& limits = m_links.config.limits;
  return limits.send_queue_bytes - limits.recv_pause_bytes - kMarginBytes;
}

std::optional<uint32_t> CRouteTable::Take(CHttpSite& site, const SHttpTask& task, const CHttpPath& path,
                                          MonotonicTime now) {
  if (const std::optional<uint32_t> route = Find(path.Full())) return route;
  if (m_p_files == nullptr) {
    site.AnswerStatus(task, CFileSite::IsServed(task.request.method) ? 404 : 405);
    return std::nullopt;
  }
  const std::optional<SSiteEntry> entry = m_p_files->Cached(task.request, path, now);
  if (!entry) return kFiles;
  CFileSite::Answer(site, task, *entry);
  return std::nullopt;
}

uint16_t CRouteTable::RefusalOf(const SHttpRequest& request, const CHttpPath& path) const {
  return CFileSite::IsServed(request.method) || Find(path.Full()) ? 0 : 405;
}

std::string_view CRouteTable::RefusalOf(const SHttpReply& reply) const {
  if (!reply.IsValid()) return "the reply isn't one that HTTP allows: see SHttpReply";
  if (reply.Bytes() > MaxReplyBytes()) {
    return "the reply is over MaxReplyBytes(): raise limits.send_queue_bytes, or serve it as a file";
  }
  return {};
}

void CRouteTable::LogFailure(std::string_view path, std::string_view cause) {
  // Of each route and each cause, of which there are few, a line.
  const auto reason = static_cast<uint16_t>(std::hash<std::string_view>()(cause));
  m_links.limitedLog.Write(ELogLevel::kWarn,
                           {CLimitedLog::SSubject::EKind::kRouteFailed, reason, Find(path).value_or(UINT32_MAX)},
                           [&] { return fmt::format("route {} failed: {}", path, cause); });
}

void CRouteTable::Run(uint32_t handler, SRouteTask& task) {
  CTurn& turn = task.turn;
  if (!turn.Connection().IsAnswering()) {
    turn.Tally().Add(ECounter::kPacketsDiscarded);
    turn.Tally().Add(ECounter::kPacketsLeft);
  } else if (handler == kFiles) {
    RunFiles(task);
  } else {
    RunRoute(handler, task);
  }
}

void CRouteTable::RunFiles(SRouteTask& task) {
  // A disk that doesn't answer is no handler that hangs: it is no reason to end the worker.
  task.turn.Trace().End();
  const SSiteEntry entry = m_p_files->Lookup(task.path, m_links.clock.Now());
  task.turn.Trace().Begin();
  thread_local CHttpNow now;  // formats the time once a second
  {
    CHttpAnswers answers(task.turn, now);
    CFileSite::Answer(task.site, {task.request, task.isLast || IsDraining(&task.turn.Connection()), answers}, entry);
  }
  task.turn.Tally().Add(ECounter::kPacketsLeft);
  task.site.Log().Flush();
}

void CRouteTable::RunRoute(uint32_t route, SRouteTask& task) {
  const SEntry& entry = m_entries[route];
  CTurn& turn = task.turn;
  if (entry.isBlocking) turn.Flush();
  const CTrace::CMark mark(turn.Trace(), EUserCode::kRoute);
  CHttpRequest request(*this, task, entry.p_module, entry.path);
  ERejectReason failure = ERejectReason::kHandlerFailed;
  CallUser([&] { (entry.p_module->*entry.p_handler)(request); },
           [&](std::string_view what) {
             failure = ERejectReason::kHandlerThrew;
             m_links.limitedLog.Write(ELogLevel::kWarn, {CLimitedLog::SSubject::EKind::kRouteThrew, 0, route},
                                      [&] { return fmt::format("the handler of route {} threw {}", task.path, what); });
           });
  if (!request.IsEnded()) {
    if (failure == ERejectReason::kHandlerFailed) LogFailure(task.path, request.Mistake());
    Answer(task, FailureReply(CHttpSite::PageOf(500)), CounterOf(failure));
  }
  if (!request.IsDeferred()) turn.Tally().Add(ECounter::kPacketsLeft);
}

bool CRouteTable::Answer(const SRouteTask& task, const SHttpReply& reply, ECounter outcome) {
  // Large, and used again and again.
  thread_local std::string text;
  text.clear();
  thread_local CHttpNow now;  // formats the time once a second
  now.Refresh();
  CConnection& connection = task.turn.Connection();
  const bool isLast = task.isLast || IsDraining(&connection);
  Append(text, task.site, task.request, isLast, now, reply);
  const bool isTaken = task.turn.Put(std::as_bytes(std::span(text)));
  task.turn.Tally().Add(isTaken ? outcome : ECounter::kPacketsDiscarded);
  WriteLog(task.site, task.request, now, connection.Peer(connection.Generation()).value_or(SPeer{}), reply);
  return isTaken;
}

bool CRouteTable::AnswerDeferred(CDeferral& deferral, CHttpSite& site, std::shared_ptr<const CBlock> p_posted,
                                 const SHttpReply& reply, ECounter outcome) {
  // Nobody wants the answer any more.
  if (p_posted == nullptr) return deferral.End({}, outcome);
  // A place of its own: a handler that answers at once still has the views of the thread's request.
  SHttpRequest request;
  std::string_view path;
  std::string_view query;
  CPostedRequest::Unpack(p_posted->Unused(), request, path, query);
  CHttpNow now;
  now.Refresh();
  CConnection* const p_connection = deferral.Connection();
  std::string text;
  Append(text, site, request, CPostedRequest::MetaOf(p_posted->Unused()).isLast || IsDraining(p_connection), now,
         reply);
  // The log first: a stop may only wait for this answer, and then takes the site away.
  const CSession& session = deferral.Session();
  const std::optional<SPeer> peer =
      p_connection != nullptr ? p_connection->Peer(session.Generation()) : std::optional<SPeer>{};
  if (peer) WriteLog(site, request, now, *peer, reply);
  p_posted.reset();
  return deferral.End(std::as_bytes(std::span(text)), outcome);
}

void CRouteTable::FailDeferred(CDeferral& deferral, CHttpSite& site, std::shared_ptr<const CBlock> p_posted,
                               std::string_view cause) {
  std::string asked;
  if (p_posted != nullptr) {
    SHttpRequest request;
    std::string_view path;
    std::string_view query;
    CPostedRequest::Unpack(p_posted->Unused(), request, path, query);
    asked = path;
  }
  const bool isEnded = AnswerDeferred(deferral, site, std::move(p_posted), FailureReply(CHttpSite::PageOf(500)),
                                      CounterOf(ERejectReason::kHandlerFailed));
  // Otherwise nobody is there any more to whom it matters.
  if (isEnded) LogFailure(asked, cause);
}

}  // namespace switchboard
