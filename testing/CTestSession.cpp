#include "testing/CTestSession.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <system_error>
#include <utility>
#include <vector>

#include "net/wire/CFrameDecoder.h"
#include "net/wire/CFrameEncoder.h"
#include "testing/CTestHost.h"

namespace switchboard {

namespace {

uint16_t PortOfSocket(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockname");
  }
  return ntohs(address.sin_port);
}

std::string Quoted(ECloseReason reason) { return std::string(ToString(reason)); }

}  // namespace

struct CTestSession::SState {
  std::shared_ptr<CTestHost> p_host;
  CFd fd;
  std::shared_ptr<CWatchedSession> p_watched;
  std::vector<std::byte> received;  // not yet a packet
  std::deque<CTestPacket> kept;     // what Ask has passed over
  bool isOver = false;              // the stream has ended

  // Takes what has arrived.
  void Receive() {
    std::array<std::byte, 65536> bytes;
    while (!isOver) {
      const ssize_t n = ::recv(fd.Get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) isOver = true;
      if (n > 0) received.insert(received.end(), bytes.begin(), bytes.begin() + n);
    }
  }
};

CTestSession::CTestSession(std::shared_ptr<CTestHost> p_host, uint16_t port) : m_p_state(std::make_unique<SState>()) {
  m_p_state->fd = p_host->Connect(port);
  m_p_state->p_host = std::move(p_host);
  CTestHost& host = *m_p_state->p_host;
  m_p_state->p_watched = host.Worker().Watch().AwaitBegin(PortOfSocket(m_p_state->fd.Get()), host.Deadline());
  if (m_p_state->p_watched == nullptr) throw CTestFailure(host.Told("the server did not accept a client in time"));
}

CTestSession::CTestSession(CTestSession&& other) noexcept = default;
CTestSession& CTestSession::operator=(CTestSession&& other) noexcept = default;
CTestSession::~CTestSession() = default;

const CSession& CTestSession::Session() const { return m_p_state->p_watched->Session(); }

void CTestSession::Send(uint16_t msgCode, const CTestBody& body) {
  if (body.Bytes().size() > kMaxBodyBytes) throw CTestFailure("a packet has at most 65,527 bytes of body");
  std::vector<std::byte> frame(kHeaderBytes + body.Bytes().size());
  CFrameEncoder::WriteFrame(frame.data(), msgCode, body.Bytes());
  SendBytes(frame);
}

// What can't be sent any more is no failure: the server may have closed, which the test will look at.
void CTestSession::SendBytes(std::span<const std::byte> bytes) {
  const MonotonicTime deadline = m_p_state->p_host->Deadline();
  while (!bytes.empty()) {
    const ssize_t n = ::send(m_p_state->fd.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      m_p_state->p_host->CountSent(static_cast<size_t>(n));
      bytes = bytes.subspan(static_cast<size_t>(n));
      continue;
    }
    if (errno != EAGAIN) return;
    if (std::chrono::steady_clock::now() > deadline) Fail("the server to take what is sent", "that it reads nothing");
    pollfd wanted{m_p_state->fd.Get(), POLLOUT, 0};
    ::poll(&wanted, 1, 10);
  }
}

bool CTestSession::TakeOne(std::unique_ptr<CTestPacket>& p_packet) {
  m_p_state->Receive();
  std::vector<std::byte>& received = m_p_state->received;
  if (received.size() < kHeaderBytes) return false;
  const size_t bytes = SFrame::BytesAt(received.data());
  if (received.size() < bytes) return false;
  const SFrame frame = SFrame::At(received.data());
  p_packet = std::make_unique<CTestPacket>(frame.msgCode, frame.body);
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(bytes));
  return true;
}

CTestPacket CTestSession::Receive(const std::string& expected) {
  const MonotonicTime deadline = m_p_state->p_host->Deadline();
  std::unique_ptr<CTestPacket> p_packet;
  while (!TakeOne(p_packet)) {
    if (m_p_state->isOver) {
      const std::optional<ECloseReason> reason = m_p_state->p_watched->AwaitEnd(deadline);
      Fail(expected, "the end of the connection" + (reason ? " (" + Quoted(*reason) + ")" : ""));
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) Fail(expected, "nothing");
    pollfd wanted{m_p_state->fd.Get(), POLLIN, 0};
    ::poll(&wanted, 1, static_cast<int>(left.count()));
  }
  return std::move(*p_packet);
}

CTestPacket CTestSession::AskFor(uint16_t answerCode, uint16_t msgCode, const CTestBody& body) {
  Send(msgCode, body);
  for (;;) {
    const size_t pushes = m_p_state->kept.size();
    CTestPacket packet = Receive(fmt::format("an answer to msgCode {}{}", msgCode,
                                             pushes > 0 ? fmt::format(", behind {} other packets", pushes) : ""));
    const bool isAnswer = packet.IsReject() ? packet.RejectedCode() == msgCode : packet.MsgCode() == answerCode;
    if (isAnswer) return packet;
    m_p_state->kept.push_back(std::move(packet));
  }
}

CTestPacket CTestSession::Next() {
  if (m_p_state->kept.empty()) return Receive("a packet");
  CTestPacket packet = std::move(m_p_state->kept.front());
  m_p_state->kept.pop_front();
  return packet;
}

void CTestSession::Expect(uint16_t msgCode, const CTestBody& body) {
  const std::string expected = CTestPacket(msgCode, body.Bytes()).ToString();
  const CTestPacket packet = m_p_state->kept.empty() ? Receive(expected) : Next();
  const bool isIt = packet.MsgCode() == msgCode && std::ranges::equal(packet.Body(), body.Bytes());
  if (!isIt) Fail(expected, packet.ToString());
}

void CTestSession::ExpectReject(uint16_t msgCode, ERejectReason reason) {
  ExpectReject(msgCode, static_cast<uint16_t>(reason));
}

void CTestSession::ExpectReject(uint16_t msgCode, uint16_t userReason) {
  Expect(kRejectCode, SRejectBody{msgCode, userReason});
}

void CTestSession::ExpectSilence() {
  m_p_state->p_host->Settle();
  if (!m_p_state->kept.empty()) Fail("silence", m_p_state->kept.front().ToString());
  std::unique_ptr<CTestPacket> p_packet;
  if (TakeOne(p_packet)) Fail("silence", p_packet->ToString());
  if (m_p_state->isOver) Receive("silence");
}

void CTestSession::ExpectClose(ECloseReason reason) {
  const std::string expected = "the end of the connection (" + Quoted(reason) + ")";
  const MonotonicTime deadline = m_p_state->p_host->Deadline();
  if (!m_p_state->kept.empty()) Fail(expected, m_p_state->kept.front().ToString());
  std::unique_ptr<CTestPacket> p_packet;
  while (!TakeOne(p_packet) && !m_p_state->isOver) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) Fail(expected, "nothing");
    pollfd wanted{m_p_state->fd.Get(), POLLIN, 0};
    ::poll(&wanted, 1, static_cast<int>(left.count()));
  }
  if (p_packet != nullptr) Fail(expected, p_packet->ToString());
  const std::optional<ECloseReason> actual = m_p_state->p_watched->AwaitEnd(deadline);
  if (!actual) Fail(expected, "its end, but OnDisconnect was not called");
  if (*actual != reason) Fail(expected, "its end (" + Quoted(*actual) + ")");
}

void CTestSession::Close() {
  ::shutdown(m_p_state->fd.Get(), SHUT_RDWR);
  m_p_state->fd.Reset();
  m_p_state->isOver = true;
  m_p_state->p_host->Settle();
}

void CTestSession::Fail(const std::string& expected, const std::string& got) const {
  throw CTestFailure(m_p_state->p_host->Told("expected " + expected + ", got " + got));
}

}  // namespace switchboard
