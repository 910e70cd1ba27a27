#pragma once

#include <string>

#include "net/http/CHttpHead.h"
#include "net/http/SHttpRequest.h"

namespace switchboard {

// A request as the parser gives it, with the bytes that its views point to.
// Threads: one owner at a time.
class CTestRequest {
 public:
  // `fields` are lines, CRLF behind each.
  explicit CTestRequest(const std::string& fields, const std::string& line = "GET / HTTP/1.1")
      : m_head(line + "\r\nHost: h\r\n" + fields + "\r\n"), m_verdict(CHttpHead::Parse(m_head, m_request)) {}
  CTestRequest(const CTestRequest&) = delete;
  CTestRequest& operator=(const CTestRequest&) = delete;

  const SHttpRequest& Get() const { return m_request; }
  int Status() const { return m_verdict.status; }

 private:
  const std::string m_head;
  SHttpRequest m_request;
  const SHttpVerdict m_verdict;
};

}  // namespace switchboard
