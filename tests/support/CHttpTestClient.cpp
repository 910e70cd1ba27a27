#include "tests/support/CHttpTestClient.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace switchboard {

std::string CHttpTestClient::Request(std::string_view method, std::string_view target, std::string_view fields) {
  std::string text(method);
  return text.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(fields).append("\r\n");
}

SHttpAnswer CHttpTestClient::Ask(std::string_view target, std::string_view fields) {
  if (!Get(target, fields)) return {};
  return Receive();
}

bool CHttpTestClient::ReceiveSome() {
  pollfd wanted{m_client.Fd(), POLLIN, 0};
  if (::poll(&wanted, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0) return false;
  std::array<char, 65536> bytes;
  const ssize_t n = ::recv(m_client.Fd(), bytes.data(), bytes.size(), 0);
  if (n > 0) m_received.append(bytes.data(), static_cast<size_t>(n));
  return n > 0;
}

SHttpAnswer CHttpTestClient::Receive(bool hasNoBody) {
  size_t end;
  while ((end = m_received.find("\r\n\r\n")) == std::string::npos) {
    if (!ReceiveSome()) return {};
  }
  SHttpAnswer answer;
  answer.head = m_received.substr(0, end + 2);
  m_received.erase(0, end + 4);
  if (!answer.head.starts_with("HTTP/1.1 ")) return {};
  answer.status = std::stoi("0" + answer.head.substr(9, 3));
  for (size_t at = answer.head.find("\r\n") + 2; at < answer.head.size();) {
    const size_t lineEnd = answer.head.find("\r\n", at);
    const std::string line = answer.head.substr(at, lineEnd - at);
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) return {};
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.fields[name] = line.substr(colon + 2);
    at = lineEnd + 2;
  }
  if (hasNoBody || answer.status == 304 || answer.status < 200) return answer;
  const size_t length = std::stoul("0" + answer.Field("content-length"));
  while (m_received.size() < length) {
    if (!ReceiveSome()) return {};
  }
  answer.body = m_received.substr(0, length);
  m_received.erase(0, length);
  return answer;
}

std::string CHttpTestClient::ReceiveBytes(size_t bytes) {
  if (m_received.empty()) ReceiveSome();
  const std::string some = m_received.substr(0, bytes);
  m_received.erase(0, some.size());
  return some;
}

bool CHttpTestClient::IsClosed() {
  if (!m_received.empty()) return false;
  pollfd wanted{m_client.Fd(), POLLIN, 0};
  if (::poll(&wanted, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0) return false;
  return !ReceiveSome();
}

}  // namespace switchboard
