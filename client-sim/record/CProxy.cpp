#include "client-sim/record/CProxy.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include "client-sim/base/Text.h"
#include "client-sim/options/COptions.h"

namespace switchboard::sim {
namespace {

constexpr size_t kReadBytes = 64 * 1024;
constexpr std::chrono::seconds kFlushEvery{1};

}  // namespace

// A client and the connection that was opened for it.
struct CProxy::SPair {
  // One of the two sockets.
  struct SEnd final : CEventHandler {
    SEnd(CProxy& ownProxy, SPair& ownPair, ESide ownSide) : proxy(ownProxy), pair(ownPair), side(ownSide) {}
    void OnEvents(uint32_t events) override { proxy.HandlePair(pair, side, events); }

    CProxy& proxy;
    SPair& pair;
    const ESide side;
    CFd socket;
    uint32_t watched = 0;  // epoll events; 0: the socket isn't in the set
  };

  SPair(CProxy& proxy, uint32_t pairNumber, CFrameRecorder& recorder)
      : number(pairNumber),
        ends{{{proxy, *this, ESide::kClient}, {proxy, *this, ESide::kServer}}},
        streams{{{pairNumber, EDirection::kToServer, recorder}, {pairNumber, EDirection::kToClient, recorder}}} {}

  SEnd& End(ESide side) { return ends[static_cast<size_t>(side)]; }
  CFd& Socket(ESide side) { return End(side).socket; }
  // The stream that this side sends, and the one that it receives.
  CProxyStream& From(ESide side) { return streams[static_cast<size_t>(side)]; }
  CProxyStream& To(ESide side) { return streams[1 - static_cast<size_t>(side)]; }

  bool HasLostFrames() const { return streams[0].HasLostFrames() || streams[1].HasLostFrames(); }

  const uint32_t number;
  std::array<SEnd, 2> ends;
  std::array<CProxyStream, 2> streams;
  bool isConnecting = false;
};

CProxy::CProxy(const SProxyOptions& options)
    : m_options(options),
      m_server(options.server),
      m_recorder(options.file),
      m_signals(OpenSignals()),
      m_listener(CEndpoint(options.listen).Listen()),
      m_buffer(kReadBytes) {
  RaiseDescriptorLimit();
  m_loop.Add(m_listener.Get(), EPOLLIN, m_onListener);
  m_loop.Add(m_signals.Get(), EPOLLIN, m_onSignals);
}

CProxy::~CProxy() = default;

int CProxy::Execute() {
  Print(fmt::format("client-sim: listening on {}, connecting to {}, recording into {}\n", Address(), m_server.Text(),
                    m_options.file));
  m_start = m_loop.Now();
  const MonotonicTime end = m_options.duration == Nanoseconds::zero() ? kNever : m_start + m_options.duration;
  MonotonicTime flushed = m_start;
  while (!m_isStopping && m_loop.Now() < end) {
    m_loop.Turn(m_recorder.HasUnflushed() ? std::min(end, flushed + kFlushEvery) : end);
    if (m_loop.Now() < flushed + kFlushEvery) continue;
    m_recorder.Flush();
    flushed = m_loop.Now();
  }
  m_recorder.Flush();
  ReleaseSignals();
  if (!m_options.isQuiet) Print(Table(m_loop.Now() - m_start));
  if (m_recorder.Error() != 0) {
    fmt::print(stderr, "client-sim: {}: {}; the record ends there\n", m_options.file,
               std::generic_category().message(m_recorder.Error()));
    return kExitFaults;
  }
  return m_connectFailures != 0 ? kExitNoConnection : kExitOk;
}

void CProxy::Accept() {
  CFd client(::accept4(m_listener.Get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!client.IsValid()) {
    // Out of descriptors: the clients wait in the backlog until a pair ends.
    if (errno == EMFILE || errno == ENFILE) ListenAgain(false);
    return;
  }
  const int yes = 1;
  ::setsockopt(client.Get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  auto p_pair = std::make_unique<SPair>(*this, m_accepted, m_recorder);
  const int error = m_server.Connect(SOCK_NONBLOCK, p_pair->Socket(ESide::kServer));
  p_pair->Socket(ESide::kClient) = std::move(client);
  SPair& pair = *m_pairs.emplace(m_accepted++, std::move(p_pair)).first->second;
  if (error != 0 && error != EINPROGRESS) return RefuseClient(pair, error);
  pair.isConnecting = error == EINPROGRESS;
  Settle(pair);
}

void CProxy::ListenAgain(bool isOn) {
  if (isOn == m_isListening) return;
  m_isListening = isOn;
  m_loop.Modify(m_listener.Get(), isOn ? uint32_t{EPOLLIN} : 0, m_onListener);
}

void CProxy::HandlePair(SPair& pair, ESide side, uint32_t events) {
  if (pair.isConnecting && side == ESide::kServer && !HandleConnected(pair)) return;
  HandleSide(pair, side, events);
  Settle(pair);
}

bool CProxy::HandleConnected(SPair& pair) {
  const int error = CEndpoint::ConnectErrorOf(pair.Socket(ESide::kServer));
  pair.isConnecting = false;
  if (error != 0) RefuseClient(pair, error);
  return error == 0;
}

void CProxy::RefuseClient(SPair& pair, int error) {
  ++m_connectFailures;
  m_connectError = std::generic_category().message(error);
  End(pair, true);
}

void CProxy::HandleSide(SPair& pair, ESide side, uint32_t events) {
  const ESide other = side == ESide::kClient ? ESide::kServer : ESide::kClient;
  CProxyStream& from = pair.From(side);
  const bool isReadable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
  if (isReadable && from.WantsToTake()) {
    from.Take(pair.Socket(side), m_buffer, m_loop.Refresh() - m_start, pair.To(side).IsBroken());
  }
  if (from.WasReset()) {
    pair.To(side).Break();
  } else {
    pair.To(side).Give(pair.Socket(side));
  }
  if (!(pair.isConnecting && other == ESide::kServer)) from.Give(pair.Socket(other));
}

void CProxy::Settle(SPair& pair) {
  if (pair.From(ESide::kClient).IsOver() && pair.From(ESide::kServer).IsOver()) {
    return End(pair, pair.From(ESide::kClient).WasReset() || pair.From(ESide::kServer).WasReset());
  }
  for (const ESide side : {ESide::kClient, ESide::kServer}) {
    const bool isConnecting = pair.isConnecting && side == ESide::kServer;
    const uint32_t in = pair.From(side).WantsToTake() && !isConnecting ? uint32_t{EPOLLIN} : 0;
    const uint32_t out = pair.To(side).WantsToGive() || isConnecting ? uint32_t{EPOLLOUT} : 0;
    Watch(pair, side, in | out);
  }
}

void CProxy::Watch(SPair& pair, ESide side, uint32_t events) {
  SPair::SEnd& end = pair.End(side);
  const uint32_t before = std::exchange(end.watched, events);
  if (before == events) return;
  // A socket that waits for nothing leaves the set: epoll would report its hang-up over and over.
  if (events == 0) return m_loop.Remove(end.socket.Get());
  if (before == 0) return m_loop.Add(end.socket.Get(), events, end);
  m_loop.Modify(end.socket.Get(), events, end);
}

void CProxy::End(SPair& pair, bool withReset) {
  const linger now{1, 0};
  for (const SPair::SEnd& end : pair.ends) {
    const CFd& socket = end.socket;
    if (withReset && socket.IsValid()) ::setsockopt(socket.Get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    m_loop.Forget(end);
  }
  if (pair.HasLostFrames()) ++m_lostFrames;
  m_pairs.erase(pair.number);
  ListenAgain(true);
}

std::string CProxy::Table(Nanoseconds length) const {
  std::string out = "\n";
  const auto append = [&out](std::string_view name, uint64_t count, std::string_view remark = {}) {
    out += CountLine(name, count, remark);
  };
  append("connections", m_accepted);
  if (!m_pairs.empty()) append("still open", m_pairs.size());
  if (m_connectFailures != 0) append("connect failures", m_connectFailures, m_connectError);
  append("requests", m_recorder.Frames(EDirection::kToServer));
  append("replies", m_recorder.Frames(EDirection::kToClient));
  const auto lostOpen =
      std::count_if(m_pairs.begin(), m_pairs.end(), [](const auto& one) { return one.second->HasLostFrames(); });
  const uint64_t lost = m_lostFrames + static_cast<uint64_t>(lostOpen);
  if (lost != 0) append("not all recorded", lost, "connections that sent what is no frame, or half a one");
  append("bytes recorded", m_recorder.Bytes());
  fmt::format_to(std::back_inserter(out), "{:<20}{:>15.3f} s\n", "time", SecondsOf(length));
  return out;
}

}  // namespace switchboard::sim
