#include "net/hub/CLink.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace switchboard {

CLink::ESend CLink::Send(std::span<const std::byte> record, size_t limit, bool isDuty) {
  {
    const CMutexLock lock(m_mutex);
    if (m_state == EState::kGone) return ESend::kDropped;
    if (m_state != EState::kIdle) {
      if (!isDuty && m_queued + record.size() > limit) return ESend::kDropped;
      m_queue.emplace_back(record.begin(), record.end());
      m_queued += record.size();
      return ESend::kQueued;
    }
    m_state = EState::kWriting;
  }
  if (Write(record) == 0) {
    const CMutexLock lock(m_mutex);
    m_queue.emplace_front(record.begin(), record.end());
    m_queued += record.size();
    m_state = EState::kFull;
    return ESend::kHandOver;
  }
  return WriteQueued();
}

CLink::ESend CLink::Open(CFd fd) {
  m_fd = std::move(fd);
  {
    const CMutexLock lock(m_mutex);
    m_state = EState::kWriting;
  }
  return WriteQueued();
}

CLink::ESend CLink::Resume() {
  {
    const CMutexLock lock(m_mutex);
    if (m_state != EState::kFull) return ESend::kSent;
    m_state = EState::kWriting;
  }
  return WriteQueued();
}

CLink::ESend CLink::WriteQueued() {
  for (;;) {
    std::vector<std::byte> record;
    {
      const CMutexLock lock(m_mutex);
      if (m_queue.empty()) {
        m_state = EState::kIdle;
        return ESend::kSent;
      }
      record = std::move(m_queue.front());
      m_queue.pop_front();
    }
    const int written = Write(record);
    const CMutexLock lock(m_mutex);
    if (written == 0) {
      m_queue.push_front(std::move(record));
      m_state = EState::kFull;
      return ESend::kHandOver;
    }
    m_queued -= record.size();
    if (written > 0) continue;
    m_state = EState::kGone;
    m_queue.clear();
    m_queued = 0;
    return ESend::kDropped;
  }
}

int CLink::Write(std::span<const std::byte> record) const {
  ssize_t n = -1;
  do {
    n = ::send(m_fd.Get(), record.data(), record.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return 1;
  return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
}

bool CLink::Receive(std::vector<std::byte>& record) {
  // The largest order, and so the largest record.
  record.resize(size_t{128} * 1024);
  ssize_t n = -1;
  do {
    n = ::recv(m_fd.Get(), record.data(), record.size(), MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  const bool isNothing = n < 0 && errno == EAGAIN;
  record.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return n > 0 || isNothing;
}

}  // namespace switchboard
