#include "client-sim/client/CConnector.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "client-sim/base/Random.h"

namespace switchboard::sim {
namespace {

// The pause before the next attempt to connect: doubled each time, and randomly cut to between half and all of it.
constexpr std::chrono::milliseconds kFirstPause{10};
constexpr uint32_t kMaxDoublings = 6;

// Edge-triggered: a level would be looked at once more after each event, 3 % of all that a request costs.
constexpr uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

bool CConnector::ConnectFrom(CClient& client, size_t address) {
  for (; address < m_plan.server.Addresses(); ++address) {
    client.SetAddress(address);
    const int error = client.Connection().Connect(m_plan.server, address);
    if (error == 0 || error == EINPROGRESS) {
      m_loop.Add(client.Connection().Fd(), kEvents, client);
      if (error == 0) {
        Opened(client);
      } else {
        ++m_connecting;
      }
      return error == 0;
    }
    m_error = std::strerror(error);
  }
  Fail(client);
  return false;
}

bool CConnector::FinishConnect(CClient& client) {
  --m_connecting;
  if (const int error = client.Connection().FinishConnect(); error != 0) {
    m_error = std::strerror(error);
    client.Connection().Close();
    return ConnectFrom(client, client.Address() + 1);
  }
  Opened(client);
  return true;
}

void CConnector::Opened(CClient& client) {
  m_open.store(Open() + 1, std::memory_order_relaxed);
  if (const auto lost = client.Lost()) {
    m_ledger.Count(ECount::kReconnects);
    m_reconnectTimes.Record(m_loop.Now() - *lost);
  }
  client.SetLost(std::nullopt);
  client.SetFailures(0);
  client.BeginSession();
}

void CConnector::Fail(CClient& client) {
  m_ledger.Count(ECount::kConnectFailures);
  m_hasFailed = !m_plan.isReconnecting;
  if (m_hasFailed) return;
  const Nanoseconds pause = kFirstPause * (1 << std::min(client.Failures(), kMaxDoublings));
  client.SetFailures(client.Failures() + 1);
  client.SetRetry(m_loop.Now() + RandomBetween(m_random, pause / 2, pause));
  m_loop.WakeAt(*client.Retry(), client);
  ++m_pausing;
}

bool CConnector::Reconnect(CClient& client) {
  Close(client);
  client.SetLost(m_loop.Now());
  client.SetToThink(false);
  return Connect(client);
}

bool CConnector::HasRested(CClient& client) {
  if (!client.Retry() || m_loop.Now() < *client.Retry()) return false;
  client.SetRetry(std::nullopt);
  --m_pausing;
  return true;
}

void CConnector::HalfClose(CClient& client) {
  client.Connection().HalfClose();
  m_open.store(Open() - 1, std::memory_order_relaxed);
  ++m_finishing;
}

void CConnector::Close(CClient& client) {
  const EConnectionState state = client.Connection().State();
  if (state == EConnectionState::kConnecting) --m_connecting;
  if (state == EConnectionState::kOpen) m_open.store(Open() - 1, std::memory_order_relaxed);
  if (state == EConnectionState::kFinishing) --m_finishing;
  client.Connection().Close();
}

}  // namespace switchboard::sim
