#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/CHttpNow.h"
#include "net/http/SHttpRequest.h"

namespace switchboard {

// Writes the heads of a site's answers, and the pages of its statuses.
// Threads: any.
class CHttpHeadWriter {
 public:
  static constexpr std::string_view kPageFields = "Content-Type: text/html; charset=utf-8\r\n";

  // `lines` are "Name: value", and stand in every answer.
  explicit CHttpHeadWriter(const std::vector<std::string>& lines);

  // The lines that every answer has, CRLF behind each.
  const std::string& CommonFields() const { return m_fields; }
  // Appends the head of an answer, its last empty line included; `fields` are further lines, CRLF behind each. `isLast`
  // tells the client that the connection ends.
  void Append(std::string& to, const SHttpRequest& request, const CHttpNow& now, bool isLast, uint16_t status,
              std::string_view fields, uint64_t contentLength) const;

  // The line about the connection's future; only HTTP/1.0 clients must be told that it stays.
  static std::string_view ConnectionLine(const SHttpRequest& request, bool isLast);
  // A small page about a status, and the fields that go with it: with 405 what is allowed (RFC 9110 section 15.5.6).
  static std::string PageOf(uint16_t status);
  static std::string_view PageFieldsOf(uint16_t status);

 private:
  std::string m_fields;
};

}  // namespace switchboard
