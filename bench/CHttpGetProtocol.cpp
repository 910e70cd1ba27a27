#include "bench/CHttpGetProtocol.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace switchboard::bench {
namespace {

constexpr std::string_view kRequest = "GET /bench HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 ";
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kLength = "\r\ncontent-length:";

bool IsLength(std::string_view name) {
  return name.size() == kLength.size() && std::equal(name.begin(), name.end(), kLength.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
         });
}

// What the head says about the length of the body; 0 if nothing.
size_t LengthIn(std::string_view head) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    if (!IsLength(head.substr(at, kLength.size()))) continue;
    size_t length = 0;
    const size_t digits = head.find_first_not_of(' ', at + kLength.size());
    std::from_chars(head.data() + std::min(digits, head.size()), head.data() + head.size(), length);
    return length;
  }
  return 0;
}

}  // namespace

void CHttpGetProtocol::Ask(Bytes& out, uint64_t) {
  const auto* p_request = reinterpret_cast<const std::byte*>(kRequest.data());
  out.insert(out.end(), p_request, p_request + kRequest.size());
}

size_t CHttpGetProtocol::TakeReply(std::span<const std::byte> input, uint64_t) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  const size_t end = text.find(kEndOfHead);
  if (end == std::string_view::npos) return 0;
  const std::string_view head = text.substr(0, end);
  if (!head.starts_with(kOk) || LengthIn(head) != m_body.size()) throw CWrongReply("a reply is not the file");
  const size_t headBytes = end + kEndOfHead.size();
  if (text.size() < headBytes + m_body.size()) return 0;
  if (!std::equal(m_body.begin(), m_body.end(), input.begin() + static_cast<ptrdiff_t>(headBytes))) {
    throw CWrongReply("a body is not the file's");
  }
  return headBytes + m_body.size();
}

}  // namespace switchboard::bench
