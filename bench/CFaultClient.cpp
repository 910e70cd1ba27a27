#include "bench/CFaultClient.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "bench/Loopback.h"

namespace switchboard::bench {

namespace {

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

int MillisecondsUntil(MonotonicTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

}  // namespace

CFaultClient::CFaultClient(const SFaultPlan& plan, const CFaultProtocol& protocol, SFaultCounts& counts,
                           std::atomic<bool>& isStopping, int stopFd, uint32_t number)
    : m_plan(plan),
      m_protocol(protocol),
      m_counts(counts),
      m_isStopping(isStopping),
      m_stopFd(stopFd),
      m_stamp(uint64_t{number} << 40) {}

void CFaultClient::Stay() {
  while (!m_isStopping) {
    const CFd fd = Connect();
    if (fd.IsValid()) StayOn(fd);
    if (!fd.IsValid() && !Rest(Now() + m_plan.pace)) return;
  }
}

void CFaultClient::StayOn(const CFd& fd) {
  while (true) {
    const MonotonicTime next = Now() + m_plan.pace;
    const EAnswer answer = Ask(fd);
    if (answer == EAnswer::kNone) {
      ++m_counts.lost;
      ++m_counts.ended;
      return;
    }
    if (answer == EAnswer::kLastReply) {
      ++m_counts.left;
      return Leave(fd);
    }
    if (m_isStopping) return Leave(fd);
    // Between two requests, too, the server may say something, or hang up.
    const std::optional<EAnswer> event = Receive(fd, next, false);
    if (event == EAnswer::kLeave) {
      ++m_counts.left;
      return Leave(fd);
    }
    if (event) {
      ++(event == EAnswer::kNone ? m_counts.ended : m_counts.wrong);
      return;
    }
  }
}

void CFaultClient::ConnectAnew() {
  while (!m_isStopping) {
    const MonotonicTime begin = Now();
    if (const CFd fd = Connect(); fd.IsValid()) {
      if (Ask(fd) == EAnswer::kNone) {
        ++(Now() < begin + m_plan.patience ? m_counts.cut : m_counts.failed);
      } else {
        m_counts.NoteLongest(static_cast<uint64_t>(std::chrono::nanoseconds(Now() - begin).count()));
        Leave(fd);
      }
    }
    if (!Rest(begin + m_plan.newPace)) return;
  }
}

CFd CFaultClient::Connect() {
  ++m_counts.connects;
  m_input.clear();
  try {
    return ConnectTo(m_plan.port);
  } catch (const std::system_error& error) {
    const bool isRefused = error.code().value() == ECONNREFUSED;
    ++(isRefused ? m_counts.refused : m_counts.failed);
    if (isRefused && m_plan.isUntilRefused) m_isStopping = true;
    return {};
  }
}

CFaultClient::EAnswer CFaultClient::Ask(const CFd& fd) {
  const std::string request = m_protocol.Request(++m_stamp);
  // The send buffer of an idle connection takes a request whole.
  if (::send(fd.Get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return EAnswer::kNone;
  }
  ++m_counts.requests;
  const MonotonicTime deadline = Now() + m_plan.patience;
  bool isLeaving = false;
  while (true) {
    const EAnswer answer = Receive(fd, deadline, true).value_or(EAnswer::kNone);
    switch (answer) {
      case EAnswer::kLeave:
        isLeaving = true;
        continue;
      case EAnswer::kReply:
      case EAnswer::kLastReply:
        ++m_counts.replies;
        return isLeaving ? EAnswer::kLastReply : answer;
      case EAnswer::kWrong:
        ++m_counts.wrong;
        return EAnswer::kLastReply;
      case EAnswer::kNone:
        return EAnswer::kNone;
    }
  }
}

std::optional<CFaultClient::EAnswer> CFaultClient::Receive(const CFd& fd, MonotonicTime deadline, bool isAsking) {
  while (true) {
    if (const EAnswer answer = m_protocol.Take(m_input, m_stamp); answer != EAnswer::kNone) return answer;
    pollfd wanted{fd.Get(), POLLIN, 0};
    const int ready = ::poll(&wanted, 1, MillisecondsUntil(deadline));
    if (ready == 0 || (!isAsking && m_isStopping)) return std::nullopt;
    std::array<char, 4096> bytes;
    const ssize_t count = ::recv(fd.Get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) return EAnswer::kNone;
    m_input.append(bytes.data(), static_cast<size_t>(count));
  }
}

void CFaultClient::Leave(const CFd& fd) {
  ::shutdown(fd.Get(), SHUT_WR);
  m_input.clear();
  const MonotonicTime deadline = Now() + m_plan.patience;
  while (true) {
    const std::optional<EAnswer> answer = Receive(fd, deadline, true);
    if (!answer || answer == EAnswer::kNone) return;
    if (answer != EAnswer::kLeave) ++m_counts.wrong;
  }
}

bool CFaultClient::Rest(MonotonicTime until) {
  pollfd stop{m_stopFd, POLLIN, 0};
  ::poll(&stop, 1, MillisecondsUntil(until));
  return !m_isStopping;
}

}  // namespace switchboard::bench
