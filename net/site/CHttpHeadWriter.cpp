#include "net/site/CHttpHeadWriter.h"

#include <fmt/format.h>

#include <iterator>

#include "net/http/HttpStatus.h"

namespace switchboard {

CHttpHeadWriter::CHttpHeadWriter(const std::vector<std::string>& lines) : m_fields("Server: switchboard\r\n") {
  for (const std::string& line : lines) m_fields += line + "\r\n";
}

void CHttpHeadWriter::Append(std::string& to, const SHttpRequest& request, const CHttpNow& now, bool isLast,
                             uint16_t status, std::string_view fields, uint64_t contentLength) const {
  fmt::format_to(std::back_inserter(to), "HTTP/1.1 {} {}\r\nDate: {}\r\n", status, HttpReason(status), now.Date());
  to.append(m_fields).append(fields);
  // RFC 9110 section 8.6: none with 204, and with 304 it would be the file's.
  if (status != 304 && status != 204) fmt::format_to(std::back_inserter(to), "Content-Length: {}\r\n", contentLength);
  to.append(ConnectionLine(request, isLast)).append("\r\n");
}

std::string_view CHttpHeadWriter::ConnectionLine(const SHttpRequest& request, bool isLast) {
  if (isLast) return "Connection: close\r\n";
  return request.minorVersion == 0 ? "Connection: keep-alive\r\n" : "";
}

std::string CHttpHeadWriter::PageOf(uint16_t status) {
  return fmt::format("<!DOCTYPE html>\n<title>{0} {1}</title>\n<h1>{0} {1}</h1>\n", status, HttpReason(status));
}

std::string_view CHttpHeadWriter::PageFieldsOf(uint16_t status) {
  return status == 405 ? "Allow: GET, HEAD\r\nContent-Type: text/html; charset=utf-8\r\n" : kPageFields;
}

}  // namespace switchboard
