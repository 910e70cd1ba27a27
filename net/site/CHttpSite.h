#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "misc/CLimitedLog.h"
#include "net/config/CConfig.h"
#include "net/http/SHttpRequest.h"
#include "net/site/CAccessLog.h"
#include "net/site/CHttpAnswers.h"
#include "net/site/CHttpHeadWriter.h"

namespace switchboard {

// A request that is being answered.
struct SHttpTask {
  const SHttpRequest& request;
  bool isLast;  // the client is told that the connection ends
  CHttpAnswers& answers;
};

// What all answers of one http listener have in common: their heads, the pages of their statuses, the access log.
// Threads: any; requests and answers are the caller's own.
class CHttpSite {
 public:
  // Throws std::system_error when the access log can't be opened.
  CHttpSite(const SListenerConfig& config, CLimitedLog& log);

  const SHttpLimits& Limits() const { return m_limits; }
  // Whoever answers calls its Flush when there is no more to answer for now.
  CAccessLog& Log() { return m_accessLog; }

  // Answers with a status and the page about it. `fields` are further header lines, CRLF behind each.
  void AnswerStatus(const SHttpTask& task, uint16_t status, std::string_view fields = {});
  // Answers with a page, whose type is one of the `fields`.
  void AnswerPage(const SHttpTask& task, uint16_t status, std::string_view fields, std::string_view body);
  // Answers what is no whole request with an error and the end of the connection.
  void Refuse(const SHttpRequest& request, uint16_t status, CHttpAnswers& answers);

  // For answers that are made piece by piece: adds the head of one …
  void AddHead(const SHttpTask& task, uint16_t status, std::string_view fields, uint64_t contentLength) const;
  // … and ends it, after `bodyBytes` of a body: counts the request, and writes its line to the access log.
  void Finish(const SHttpTask& task, uint16_t status, uint64_t bodyBytes);

  // As CHttpHeadWriter.
  void AppendHead(std::string& to, const SHttpRequest& request, const CHttpNow& now, bool isLast, uint16_t status,
                  std::string_view fields, uint64_t contentLength) const {
    m_heads.Append(to, request, now, isLast, status, fields, contentLength);
  }
  static std::string PageOf(uint16_t status) { return CHttpHeadWriter::PageOf(status); }
  // Writes the line of an answer by a route to the access log.
  void LogRoute(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
                uint64_t bodyBytes) const;

 private:
  // constant after construction
  const SHttpLimits m_limits;
  const CHttpHeadWriter m_heads;

  // self-synchronised
  CAccessLog m_accessLog;
};

}  // namespace switchboard
