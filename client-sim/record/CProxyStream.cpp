#include "client-sim/record/CProxyStream.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

namespace switchboard::sim {

void CProxyStream::Take(const CFd& source, std::span<std::byte> buffer, Nanoseconds at, bool isSourceBroken) {
  const ssize_t bytes = ::recv(source.Get(), buffer.data(), buffer.size(), 0);
  if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (bytes <= 0) {
    m_hasEnded = true;
    m_wasReset = bytes < 0 || isSourceBroken;
    m_recorder.Add({static_cast<uint64_t>(at.count()), m_connection, m_direction, {}});
    return;
  }
  const auto taken = buffer.first(static_cast<size_t>(bytes));
  // Else a receiver who is always a little behind would let it grow for as long as he is.
  if (m_givenAt > Waiting()) {
    m_waiting.erase(m_waiting.begin(), m_waiting.begin() + static_cast<std::ptrdiff_t>(m_givenAt));
    m_givenAt = 0;
  }
  m_waiting.insert(m_waiting.end(), taken.begin(), taken.end());
  if (!m_hasLostFrames) Record(taken, at);
}

void CProxyStream::Give(const CFd& target) {
  while (Waiting() != 0) {
    const auto rest = std::span(m_waiting).subspan(m_givenAt);
    const ssize_t bytes = ::send(target.Get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == EAGAIN) return;
    if (bytes < 0) return Break();
    m_givenAt += static_cast<size_t>(bytes);
  }
  m_waiting.clear();
  m_givenAt = 0;
  if (!m_hasEnded || m_isEndGiven) return;
  // A reset is passed on when the pair ends.
  if (!m_wasReset) ::shutdown(target.Get(), SHUT_WR);
  m_isEndGiven = true;
}

void CProxyStream::Break() {
  m_isBroken = true;
  m_waiting = {};
  m_givenAt = 0;
}

void CProxyStream::Record(std::span<const std::byte> bytes, Nanoseconds at) {
  const CFrameDecoder::SCut cut = m_decoder.Feed(bytes, kMaxPacketBytes);
  RecordFrames(cut.head, at);
  RecordFrames(cut.rest, at);
  m_hasLostFrames = cut.isBad;
}

void CProxyStream::RecordFrames(std::span<const std::byte> frames, Nanoseconds at) {
  while (!frames.empty()) {
    const size_t bytes = SFrame::BytesAt(frames.data());
    m_recorder.Add({static_cast<uint64_t>(at.count()), m_connection, m_direction, frames.first(bytes)});
    frames = frames.subspan(bytes);
  }
}

}  // namespace switchboard::sim
