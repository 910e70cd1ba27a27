#include "client-sim/record/CProxy.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <iterator>
#include <system_error>

#include "client-sim/base/Epoll.h"
#include "client-sim/base/Nanoseconds.h"
#include "client-sim/base/Process.h"
#include "client-sim/base/Text.h"
#include "client-sim/options/COptions.h"

namespace switchboard::sim {
namespace {

constexpr size_t kReadBytes = 64 * 1024;
constexpr uint64_t kFlushEveryNs = 1'000'000'000;
constexpr uint64_t kListenerKey = UINT64_MAX;
constexpr uint64_t kSignalKey = UINT64_MAX - 1;

}  // namespace

// A client and the connection that was opened for it.
struct CProxy::SPair {
  SPair(uint32_t pairNumber, CFrameRecorder& recorder)
      : number(pairNumber),
        streams{{{pairNumber, EDirection::kToServer, recorder}, {pairNumber, EDirection::kToClient, recorder}}} {}

  CFd& Socket(ESide side) { return sockets[static_cast<size_t>(side)]; }
  // The stream that this side sends, and the one that it receives.
  CProxyStream& From(ESide side) { return streams[static_cast<size_t>(side)]; }
  CProxyStream& To(ESide side) { return streams[1 - static_cast<size_t>(side)]; }

  bool HasLostFrames() const { return streams[0].HasLostFrames() || streams[1].HasLostFrames(); }

  const uint32_t number;
  std::array<CFd, 2> sockets;
  std::array<CProxyStream, 2> streams;
  std::array<uint32_t, 2> watched{};  // epoll events; 0: that socket isn't in the set
  bool isConnecting = false;
};

CProxy::CProxy(const SProxyOptions& options)
    : m_options(options),
      m_server(options.server),
      m_recorder(options.file),
      m_signals(OpenSignals()),
      m_listener(CEndpoint(options.listen).Listen()),
      m_epoll(OpenEpoll()),
      m_buffer(kReadBytes) {
  RaiseDescriptorLimit();
  WatchAs(m_epoll, EPOLL_CTL_ADD, m_listener.Get(), EPOLLIN, kListenerKey);
  WatchAs(m_epoll, EPOLL_CTL_ADD, m_signals.Get(), EPOLLIN, kSignalKey);
}

CProxy::~CProxy() = default;

int CProxy::Execute() {
  Print(fmt::format("client-sim: listening on {}, connecting to {}, recording into {}\n", Address(), m_server.Text(),
                    m_options.file));
  m_startNs = NowNs(m_clock);
  const uint64_t endNs = m_options.durationNs == 0 ? UINT64_MAX : m_startNs + m_options.durationNs;
  uint64_t flushedNs = m_startNs;
  uint64_t nowNs = m_startNs;
  while (!m_isStopping && nowNs < endNs) {
    HandleEvents(m_recorder.HasUnflushed() ? std::min(endNs, flushedNs + kFlushEveryNs) : endNs, nowNs);
    nowNs = NowNs(m_clock);
    if (nowNs < flushedNs + kFlushEveryNs) continue;
    m_recorder.Flush();
    flushedNs = nowNs;
  }
  m_recorder.Flush();
  if (!m_options.isQuiet) Print(Table(nowNs - m_startNs));
  if (m_recorder.Error() != 0) {
    fmt::print(stderr, "client-sim: {}: {}; the record ends there\n", m_options.file,
               std::generic_category().message(m_recorder.Error()));
    return kExitFaults;
  }
  return m_connectFailures != 0 ? kExitNoConnection : kExitOk;
}

void CProxy::HandleEvents(uint64_t deadlineNs, uint64_t nowNs) {
  int timeoutMs = -1;
  if (deadlineNs != UINT64_MAX) {
    const uint64_t leftMs = (deadlineNs - std::min(nowNs, deadlineNs) + 999'999) / 1'000'000;
    timeoutMs = static_cast<int>(std::min<uint64_t>(leftMs, INT_MAX));
  }
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(m_epoll.Get(), events.data(), static_cast<int>(events.size()), timeoutMs);
  for (int i = 0; i < count; ++i) {
    const uint64_t key = events[static_cast<size_t>(i)].data.u64;
    if (key == kListenerKey) {
      Accept();
    } else if (key == kSignalKey) {
      m_isStopping = TakeSignal(m_signals) || m_isStopping;
    } else {
      HandlePair(key, events[static_cast<size_t>(i)].events);
    }
  }
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
  auto p_pair = std::make_unique<SPair>(m_accepted, m_recorder);
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
  WatchAs(m_epoll, EPOLL_CTL_MOD, m_listener.Get(), isOn ? uint32_t{EPOLLIN} : 0, kListenerKey);
}

void CProxy::HandlePair(uint64_t key, uint32_t events) {
  // An event of the same wait may have ended the pair.
  const auto found = m_pairs.find(static_cast<uint32_t>(key >> 1));
  if (found == m_pairs.end()) return;
  SPair& pair = *found->second;
  const auto side = static_cast<ESide>(key & 1);
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
    from.Take(pair.Socket(side), m_buffer, NowNs(m_clock) - m_startNs, pair.To(side).IsBroken());
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
  uint32_t& watched = pair.watched[static_cast<size_t>(side)];
  if (watched == events) return;
  // A socket that waits for nothing leaves the set: epoll would report its hang-up over and over.
  int operation = EPOLL_CTL_MOD;
  if (watched == 0) operation = EPOLL_CTL_ADD;
  if (events == 0) operation = EPOLL_CTL_DEL;
  watched = events;
  WatchAs(m_epoll, operation, pair.Socket(side).Get(), events,
          (uint64_t{pair.number} << 1) | static_cast<uint64_t>(side));
}

void CProxy::End(SPair& pair, bool withReset) {
  const linger now{1, 0};
  for (const CFd& socket : pair.sockets) {
    if (withReset && socket.IsValid()) ::setsockopt(socket.Get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  if (pair.HasLostFrames()) ++m_lostFrames;
  m_pairs.erase(pair.number);
  ListenAgain(true);
}

std::string CProxy::Table(uint64_t lengthNs) const {
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
  fmt::format_to(std::back_inserter(out), "{:<20}{:>15.3f} s\n", "time", static_cast<double>(lengthNs) / 1e9);
  return out;
}

}  // namespace switchboard::sim
