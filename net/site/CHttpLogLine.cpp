#include "net/site/CHttpLogLine.h"

#include <array>
#include <charconv>

namespace switchboard {

namespace {

bool IsPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

void AppendNumber(std::string& out, uint64_t number) {
  std::array<char, 20> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  CHttpLogLine::AppendEscaped(out, text.empty() ? "-" : text);
  out += '"';
}

}  // namespace

void CHttpLogLine::AppendEscaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  size_t at = 0;
  while (at < text.size()) {
    const size_t begin = at;
    while (at < text.size() && IsPlain(text[at])) ++at;
    out.append(text.substr(begin, at - begin));
    if (at == text.size()) return;
    const auto byte = static_cast<unsigned char>(text[at++]);
    out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
  }
}

void CHttpLogLine::Append(std::string& out, std::string_view peer, std::string_view logTime,
                          const SHttpRequest& request, uint16_t status, uint64_t bodyBytes) {
  out.append(peer).append(" - - [").append(logTime).append("] \"");
  if (request.methodName.empty()) {
    out += '-';
  } else {
    AppendEscaped(out, request.methodName);
    out += ' ';
    AppendEscaped(out, request.target);
    out += request.minorVersion == 0 ? " HTTP/1.0" : " HTTP/1.1";
  }
  out += "\" ";
  AppendNumber(out, status);
  out += ' ';
  AppendNumber(out, bodyBytes);
  out += ' ';
  AppendQuoted(out, request.Find("referer").value_or(""));
  out += ' ';
  AppendQuoted(out, request.Find("user-agent").value_or(""));
  out += '\n';
}

}  // namespace switchboard
