#include "testing/CTestHttpCall.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "testing/CTestHost.h"
#include "testing/CTestPacket.h"

namespace switchboard {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string TextOf(const STestHttpRequest& request) {
  std::string text =
      fmt::format("{} {} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n", request.method, request.target);
  if (!request.body.empty()) text += fmt::format("Content-Length: {}\r\n", request.body.size());
  for (const auto& [name, value] : request.fields) text += fmt::format("{}: {}\r\n", name, value);
  return text.append(kLineEnd).append(request.body);
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

struct CTestHttpCall::SState {
  std::shared_ptr<CTestHost> p_host;
  CFd fd;
  std::string asked;
};

CTestHttpCall::CTestHttpCall(std::shared_ptr<CTestHost> p_host, uint16_t port, const STestHttpRequest& request)
    : m_p_state(std::make_unique<SState>()) {
  m_p_state->fd = p_host->Connect(port);
  m_p_state->asked = request.method + " " + request.target;
  const std::string text = TextOf(request);
  const ssize_t n = ::send(m_p_state->fd.Get(), text.data(), text.size(), MSG_NOSIGNAL);
  if (n > 0) p_host->CountSent(static_cast<size_t>(n));
  m_p_state->p_host = std::move(p_host);
}

CTestHttpCall::CTestHttpCall(CTestHttpCall&& other) noexcept = default;
CTestHttpCall& CTestHttpCall::operator=(CTestHttpCall&& other) noexcept = default;
CTestHttpCall::~CTestHttpCall() = default;

STestHttpAnswer CTestHttpCall::Answer() {
  const MonotonicTime deadline = m_p_state->p_host->Deadline();
  const auto fail = [&](const std::string& got) {
    throw CTestFailure(m_p_state->p_host->Told("expected an answer to " + m_p_state->asked + ", got " + got));
  };
  std::string text;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wanted{m_p_state->fd.Get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wanted, 1, static_cast<int>(left.count())) == 0) fail("nothing");
    std::array<char, 65536> bytes;
    const ssize_t n = ::recv(m_p_state->fd.Get(), bytes.data(), bytes.size(), 0);
    if (n <= 0) break;
    text.append(bytes.data(), static_cast<size_t>(n));
  }
  const size_t headEnd = text.find("\r\n\r\n");
  STestHttpAnswer answer;
  if (headEnd == std::string::npos || !text.starts_with("HTTP/1.1 "))
    fail(text.empty() ? "the end" : "\"" + text + '"');
  std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  for (size_t at = text.find(kLineEnd) + 2; at < headEnd;) {
    const size_t end = std::min(text.find(kLineEnd, at), headEnd);
    const std::string line = text.substr(at, end - at);
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) answer.fields[Lower(line.substr(0, colon))] = line.substr(colon + 2);
    at = end + 2;
  }
  answer.body = text.substr(headEnd + 4);
  return answer;
}

}  // namespace switchboard
