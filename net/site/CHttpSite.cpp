#include "net/site/CHttpSite.h"

namespace switchboard {

CHttpSite::CHttpSite(const SListenerConfig& config, CLimitedLog& log)
    : m_limits{.headBytes = config.http.head_bytes, .bodyBytes = config.http.body_bytes},
      m_heads(config.http.headers),
      m_accessLog(config.http.access_log, log) {}

void CHttpSite::Refuse(const SHttpRequest& request, uint16_t status, CHttpAnswers& answers) {
  const std::string page = PageOf(status);
  const bool hasBody = request.method != EHttpMethod::kHead;
  AddHead({request, true, answers}, status, CHttpHeadWriter::PageFieldsOf(status), page.size());
  if (hasBody) answers.Add(page);
  if (!m_accessLog.IsOn()) return;
  m_accessLog.Append(request, answers.Now(), answers.Peer(), status, hasBody ? page.size() : 0);
}

void CHttpSite::AnswerStatus(const SHttpTask& task, uint16_t status, std::string_view fields) {
  AnswerPage(task, status, std::string(fields).append(CHttpHeadWriter::PageFieldsOf(status)), PageOf(status));
}

void CHttpSite::AnswerPage(const SHttpTask& task, uint16_t status, std::string_view fields, std::string_view body) {
  AddHead(task, status, fields, body.size());
  const bool hasBody = task.request.method != EHttpMethod::kHead;
  if (hasBody) task.answers.Add(body);
  Finish(task, status, hasBody ? body.size() : 0);
}

void CHttpSite::AddHead(const SHttpTask& task, uint16_t status, std::string_view fields, uint64_t contentLength) const {
  std::string head;
  m_heads.Append(head, task.request, task.answers.Now(), task.isLast, status, fields, contentLength);
  task.answers.Add(head);
}

void CHttpSite::Finish(const SHttpTask& task, uint16_t status, uint64_t bodyBytes) {
  task.answers.CountRequest();
  if (!m_accessLog.IsOn()) return;
  m_accessLog.Append(task.request, task.answers.Now(), task.answers.Peer(), status, bodyBytes);
}

void CHttpSite::LogRoute(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
                         uint64_t bodyBytes) const {
  if (m_accessLog.IsOn()) m_accessLog.Write(request, now, peer, status, bodyBytes);
}

}  // namespace switchboard
