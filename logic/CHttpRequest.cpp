#include "logic/CHttpRequest.h"

#include <stdexcept>

#include "logic/CRoutePattern.h"
#include "logic/CRouteTable.h"
#include "net/http/HttpText.h"

namespace switchboard {

namespace {

// As the URL standard decodes application/x-www-form-urlencoded, but that bad escapes are refused.
std::optional<std::string> Decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int byte = UriUnescape(text.substr(i));
    if (byte < 0) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

}  // namespace

CHttpRequest::CHttpRequest(CRouteTable& routes, SRouteTask& task, const void* p_module, std::string_view pattern)
    : CSessionContext(task.turn, p_module), m_routes(routes), m_task(task), m_pattern(pattern) {}

EHttpMethod CHttpRequest::Method() const { return m_task.request.method; }
std::string_view CHttpRequest::MethodName() const { return m_task.request.methodName; }
std::string_view CHttpRequest::Path() const { return m_task.path; }
std::optional<std::string_view> CHttpRequest::PathValue(std::string_view name) const {
  return CRoutePattern::Value(m_pattern, m_task.path, name);
}
std::string_view CHttpRequest::Query() const { return m_task.query; }
std::span<const SHttpField> CHttpRequest::Fields() const { return m_task.request.Fields(); }
std::optional<std::string_view> CHttpRequest::Field(std::string_view name) const { return m_task.request.Find(name); }
std::string_view CHttpRequest::Body() const { return m_task.request.body; }

std::optional<std::string> CHttpRequest::ValueOf(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::string_view pair = form.substr(0, form.find('&'));
    form.remove_prefix(pair.size() < form.size() ? pair.size() + 1 : form.size());
    const size_t equals = pair.find('=');
    if (Decode(pair.substr(0, equals)) != name) continue;
    return Decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
  }
  return std::nullopt;
}

size_t CHttpRequest::MaxReplyBytes() const { return m_routes.MaxReplyBytes(); }

bool CHttpRequest::Reply(const SHttpReply& reply) {
  if (m_isEnded) return false;
  m_refusal = m_routes.RefusalOf(reply);
  if (!m_refusal.empty()) return false;
  m_isEnded = true;
  return m_routes.Answer(m_task, reply, ECounter::kPacketsReplied);
}

std::string_view CHttpRequest::Mistake() const {
  return m_refusal.empty() ? "the handler returned without an answer: call Reply or Defer" : m_refusal;
}

CDeferredHttpReply CHttpRequest::Defer() {
  if (m_isEnded) throw std::logic_error("only an unanswered request can be deferred");
  m_isEnded = m_isDeferred = true;
  // The views of this request stay good until the handler returns, also when the answer is given before that.
  m_task.p_kept = std::move(m_task.p_block);
  return {m_turn.Defer(m_task.p_kept), m_routes, m_task.site, m_task.p_kept};
}

}  // namespace switchboard
