#include "client-sim/record/CReplayConnection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/wire/CFrameEncoder.h"

namespace switchboard::sim {

int CReplayConnection::Connect(const CEndpoint& server) {
  const int error = server.Connect(SOCK_NONBLOCK, m_fd);
  m_isConnecting = error == EINPROGRESS;
  return error;
}

int CReplayConnection::FinishConnect() {
  m_isConnecting = false;
  return CEndpoint::ConnectErrorOf(m_fd);
}

bool CReplayConnection::MayGo(const SRecordedStep& step, const SPace& pace, MonotonicTime now) const {
  if (pace.AwaitsReplies()) return m_diff.Position() >= step.repliesBefore;
  return pace.Due(step.at) <= now;
}

void CReplayConnection::SendDue(const SPace& pace, MonotonicTime now, CSendBuffer& out) {
  if (m_isConnecting || !IsOpen()) return;
  m_writer.Flush(m_fd);
  while (!HasUnsent() && !m_writer.IsBroken()) {
    const SRecordedStep* p_step = Next();
    for (; p_step != nullptr && !p_step->frame.empty() && !out.IsFull() && MayGo(*p_step, pace, now); p_step = Next()) {
      Write(*p_step, out);
      ++m_next;
    }
    if (!out.Bytes().empty()) {
      m_writer.Send(m_fd, out.Bytes());
      out.Clear();
      continue;
    }
    if (p_step == nullptr || !p_step->frame.empty() || !MayGo(*p_step, pace, now)) return;
    ::shutdown(m_fd.Get(), SHUT_WR);
    ++m_next;
  }
}

std::optional<MonotonicTime> CReplayConnection::NextDue(const SPace& pace) const {
  const SRecordedStep* p_step = Next();
  if (p_step == nullptr || pace.AwaitsReplies() || m_isConnecting || HasUnsent() || m_writer.IsBroken())
    return std::nullopt;
  return pace.Due(p_step->at);
}

void CReplayConnection::Write(const SRecordedStep& step, CSendBuffer& out) {
  if (step.frame.size() < kHeaderBytes) return;  // the beginning of a header is no frame: Unsent counts it
  std::memcpy(out.Room(), step.frame.data(), step.frame.size());
  CFrameEncoder::WriteHeader(out.Room(), SFrame::At(step.frame.data()).msgCode, step.frame.size() - kHeaderBytes);
  out.Commit(step.frame.size());
  ++m_sent;
}

CReplayConnection::ERead CReplayConnection::Read(std::span<std::byte> buffer) {
  const ssize_t bytes = ::recv(m_fd.Get(), buffer.data(), buffer.size(), 0);
  if (bytes < 0) return errno == EAGAIN || errno == EINTR ? ERead::kNothing : ERead::kReset;
  if (bytes == 0) return ERead::kEnd;
  const CFrameDecoder::SCut cut = m_decoder.Feed(buffer.first(static_cast<size_t>(bytes)), kMaxPacketBytes);
  OnFrames(cut.head);
  OnFrames(cut.rest);
  return cut.isBad ? ERead::kBadLength : ERead::kMore;
}

void CReplayConnection::OnFrames(std::span<const std::byte> frames) {
  while (!frames.empty()) {
    const size_t bytes = SFrame::BytesAt(frames.data());
    m_diff.OnReply(frames.first(bytes));
    if (CRecording::IsReply(frames)) ++m_received;
    frames = frames.subspan(bytes);
  }
}

void CReplayConnection::Close(const std::string& why) {
  m_diff.Finish(why);
  m_fd.Reset();
}

uint64_t CReplayConnection::Unsent() const {
  const auto frames = std::count_if(m_recorded.steps.begin(), m_recorded.steps.end(),
                                    [](const SRecordedStep& step) { return !step.frame.empty(); });
  return static_cast<uint64_t>(frames) - m_sent;
}

}  // namespace switchboard::sim
