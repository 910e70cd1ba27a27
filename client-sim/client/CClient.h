#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "client-sim/base/CEventLoop.h"
#include "client-sim/base/CRing.h"
#include "client-sim/base/Random.h"
#include "client-sim/client/CClientConnection.h"
#include "client-sim/scenario/CScenario.h"

namespace switchboard::sim {

class CClient;

// Who drives clients: is told of their events and times.
// Threads: the loop's.
class CClientDriver {
 public:
  virtual void OnEvents(CClient& client, uint32_t events) = 0;
  virtual void OnTime(CClient& client) = 0;

 protected:
  ~CClientDriver() = default;
};

// One honest client: its connection, where it is in the script of its class, and the requests that it owes.
// Threads: one.
class CClient final : public CEventHandler {
 public:
  CClient(uint32_t index, const SConnectionClass& kind, CClientDriver& driver, CLedger& ledger, CHistogram& latencies)
      : m_driver(driver), m_kind(kind), m_connection(index, kind.workload, ledger, latencies) {}
  CClient(const CClient&) = delete;
  CClient& operator=(const CClient&) = delete;

  void OnEvents(uint32_t events) override { m_driver.OnEvents(*this, events); }
  void OnTime() override { m_driver.OnTime(*this); }

  CClientConnection& Connection() { return m_connection; }
  CConversation& Conversation() { return m_connection.Conversation(); }
  const SConnectionClass& Kind() const { return m_kind; }
  // Everything due is sent, and everything sent is answered.
  bool IsIdle() const {
    return m_connection.Conversation().Outstanding() == 0 && !m_connection.HasUnsent() && m_due.IsEmpty();
  }

  // A new connection begins with the messages of the session.
  void BeginSession() { m_step = 0; }
  bool IsInSession() const { return m_step < m_kind.session.size(); }
  // The message to send now, an index into the workload; goes on in the script.
  uint8_t NextMessage(uint64_t& random) {
    if (IsInSession()) return m_kind.session[m_step++];
    if (m_kind.loop.empty()) return m_kind.workload.Size() == 1 ? 0 : m_kind.workload.Pick(NextRandom(random));
    if (m_turn == m_kind.loop.size()) m_turn = 0;
    return m_kind.loop[m_turn++];
  }

  // All that follows is one and the same message, of index 0.
  bool IsMonotonous() const { return m_kind.workload.Size() == 1 && !IsInSession() && m_kind.loop.empty(); }

  // When the requests were meant to leave that are due and not sent: an open loop's.
  CRing<MonotonicTime>& Due() { return m_due; }

  // It sends nothing before that time.
  MonotonicTime NotBefore() const { return m_notBefore; }
  void WaitUntil(MonotonicTime time) { m_notBefore = time; }
  // The events of which not everything was read yet; 0: none.
  void SetUnread(uint32_t events) { m_unread = events; }
  uint32_t TakeUnread() { return std::exchange(m_unread, 0); }
  // It pauses to think once everything is answered.
  bool IsToThink() const { return m_isToThink; }
  void SetToThink(bool isToThink) { m_isToThink = isToThink; }

  // It is to get its connection back: since when (none: it has one), and its next attempt (none: under way, or never).
  std::optional<MonotonicTime> Lost() const { return m_lost; }
  void SetLost(std::optional<MonotonicTime> time) { m_lost = time; }
  std::optional<MonotonicTime> Retry() const { return m_retry; }
  void SetRetry(std::optional<MonotonicTime> time) { m_retry = time; }
  // Failed attempts since the last success.
  uint32_t Failures() const { return m_failures; }
  void SetFailures(uint32_t failures) { m_failures = failures; }
  // Which of the server's addresses it tries.
  size_t Address() const { return m_address; }
  void SetAddress(size_t address) { m_address = address; }

 private:
  CClientDriver& m_driver;
  const SConnectionClass& m_kind;
  bool m_isToThink = false;
  uint32_t m_unread = 0;
  uint32_t m_failures = 0;
  size_t m_address = 0;
  size_t m_step = 0;  // in the session
  size_t m_turn = 0;  // in the loop
  MonotonicTime m_notBefore;
  std::optional<MonotonicTime> m_lost;
  std::optional<MonotonicTime> m_retry;
  CRing<MonotonicTime> m_due;
  CClientConnection m_connection;
};

}  // namespace switchboard::sim
