#include "client-sim/base/CEventLoop.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace switchboard::sim {
namespace {

// A deadline that is farther away may be missed by what the last turn took.
constexpr std::chrono::milliseconds kFar{10};

}  // namespace

CEventLoop::CEventLoop(const CClock& clock) : m_clock(clock), m_epoll(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!m_epoll.IsValid()) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

void CEventLoop::Control(int operation, int fd, uint32_t events, CEventHandler* p_handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = p_handler;
  if (::epoll_ctl(m_epoll.Get(), operation, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

void CEventLoop::Forget(const CEventHandler& handler) {
  for (size_t i = 0; i < m_found; ++i) {
    if (m_events[i].data.ptr == &handler) m_events[i].data.ptr = nullptr;
  }
}

const timespec* CEventLoop::TimeLeft(MonotonicTime deadline, timespec& timeout) {
  if (deadline == kNever) return nullptr;
  if (deadline - Now() < kFar) Refresh();
  const Nanoseconds left = std::max(deadline - m_now, Nanoseconds::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  timeout.tv_sec = seconds.count();
  timeout.tv_nsec = (left - seconds).count();
  return &timeout;
}

void CEventLoop::Turn(MonotonicTime deadline) {
  if (!m_times.empty()) deadline = std::min(deadline, m_times.top().first);
  timespec timeout{};
  const int found = ::epoll_pwait2(m_epoll.Get(), m_events.data(), static_cast<int>(m_events.size()),
                                   TimeLeft(deadline, timeout), nullptr);
  m_found = static_cast<size_t>(std::max(found, 0));
  m_isStale = true;
  for (size_t i = 0; i < m_found; ++i) {
    if (auto* p_handler = static_cast<CEventHandler*>(m_events[i].data.ptr)) p_handler->OnEvents(m_events[i].events);
  }
  m_found = 0;
  if (m_times.empty()) return;
  const MonotonicTime now = Now();
  while (!m_times.empty() && m_times.top().first <= now) {
    CEventHandler* p_handler = m_times.top().second;
    m_times.pop();
    p_handler->OnTime();
  }
}

}  // namespace switchboard::sim
