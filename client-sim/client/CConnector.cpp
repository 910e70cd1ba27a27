#include "client-sim/client/CConnector.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "client-sim/base/Epoll.h"
#include "client-sim/base/Random.h"

namespace switchboard::sim {
namespace {

// The pause before the next attempt to connect: doubled each time, and randomly cut to between half and all of it.
constexpr uint64_t kFirstPauseNs = 10'000'000;
constexpr uint32_t kMaxDoublings = 6;

// Edge-triggered: a level would be looked at once more after each event, 3 % of all that a request costs.
constexpr uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

bool CConnector::ConnectFrom(CClient& client, size_t address, uint64_t nowNs) {
  for (; address < m_plan.server.Addresses(); ++address) {
    client.SetAddress(address);
    const int error = client.Connection().Connect(m_plan.server, address);
    if (error == 0 || error == EINPROGRESS) {
      WatchFor(m_epoll, EPOLL_CTL_ADD, client.Connection().Fd(), kEvents, &client);
      if (error == 0) {
        Opened(client, nowNs);
      } else {
        ++m_connecting;
      }
      return error == 0;
    }
    m_error = std::strerror(error);
  }
  Fail(client, nowNs);
  return false;
}

bool CConnector::FinishConnect(CClient& client, uint64_t nowNs) {
  --m_connecting;
  if (const int error = client.Connection().FinishConnect(); error != 0) {
    m_error = std::strerror(error);
    client.Connection().Close();
    return ConnectFrom(client, client.Address() + 1, nowNs);
  }
  Opened(client, nowNs);
  return true;
}

void CConnector::Opened(CClient& client, uint64_t nowNs) {
  m_open.store(Open() + 1, std::memory_order_relaxed);
  if (client.LostNs() != 0) {
    m_ledger.Count(ECount::kReconnects);
    m_reconnectTimes.Record(nowNs - client.LostNs());
  }
  client.SetLost(0);
  client.SetFailures(0);
  client.BeginSession();
}

void CConnector::Fail(CClient& client, uint64_t nowNs) {
  m_ledger.Count(ECount::kConnectFailures);
  m_hasFailed = !m_plan.isReconnecting;
  if (m_hasFailed) return;
  const uint64_t pauseNs = kFirstPauseNs << std::min(client.Failures(), kMaxDoublings);
  client.SetFailures(client.Failures() + 1);
  client.SetRetry(nowNs + RandomBetween(m_random, pauseNs / 2, pauseNs));
  m_rests.Add(client.RetryNs(), &client);
  ++m_pausing;
}

bool CConnector::Reconnect(CClient& client, uint64_t nowNs) {
  Close(client);
  client.SetLost(nowNs);
  client.SetToThink(false);
  return Connect(client, nowNs);
}

CClient* CConnector::TakeRested(uint64_t nowNs) {
  CClient* p_client = m_rests.TakeDue(nowNs);
  if (p_client == nullptr) return nullptr;
  p_client->SetRetry(0);
  --m_pausing;
  return p_client;
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
