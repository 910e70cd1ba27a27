#include "client-sim/load/CRequestFeed.h"

#include <algorithm>

#include "client-sim/base/Random.h"

namespace switchboard::sim {

void CRequestFeed::Feed(CClient& client, bool isDraining) {
  CClientConnection& connection = client.Connection();
  if (BeginsToThink(client)) return;
  size_t allowance = Allowance(client, isDraining);
  if (allowance == 0) return;
  while (allowance != 0 && connection.CanSend()) {
    m_out.Clear();
    while (allowance != 0 && !m_out.IsFull()) allowance -= Issue(client, allowance);
    connection.Send(m_out.Bytes());
  }
  // No reply will bring it back here after messages that have none.
  if (client.Conversation().Outstanding() == 0 && connection.CanSend() && Allowance(client, isDraining) != 0) {
    m_loop.WakeAt(m_loop.Now() + Nanoseconds(1), client);
  }
}

void CRequestFeed::HoldBack(CClient& client, MonotonicTime until) {
  client.WaitUntil(until);
  m_loop.WakeAt(until, client);
}

size_t CRequestFeed::Allowance(CClient& client, bool isDraining) const {
  if (m_loop.Now() < client.NotBefore()) return 0;
  const size_t due = client.Due().Size();
  if (isDraining && due == 0) return 0;
  const size_t outstanding = client.Conversation().Outstanding();
  if (client.IsInSession()) return outstanding == 0 && m_share.Left() != 0 ? 1 : 0;
  const size_t depth = client.Kind().depth == 0 ? SIZE_MAX : client.Kind().depth;
  if (outstanding >= depth) return 0;
  return std::min<size_t>(depth - outstanding, m_share.IsOpenLoop() ? due : m_share.Left());
}

size_t CRequestFeed::Issue(CClient& client, size_t most) {
  const bool isInSession = client.IsInSession();
  size_t issued = 1;
  if (m_share.IsOpenLoop()) {
    const MonotonicTime start = isInSession ? m_loop.Now() : client.Due().TakeFront();
    client.Conversation().Issue(client.NextMessage(m_random), start, m_out);
  } else if (client.IsMonotonous()) {
    issued = client.Conversation().IssueRun(0, m_loop.Now(), most, m_out);
  } else {
    client.Conversation().Issue(client.NextMessage(m_random), m_loop.Now(), m_out);
  }
  if (!m_share.IsOpenLoop()) m_share.Spend(issued);
  if (client.Kind().thinkHigh != Nanoseconds::zero()) client.SetToThink(!isInSession);
  return issued;
}

bool CRequestFeed::BeginsToThink(CClient& client) {
  if (!client.IsToThink() || m_share.IsOpenLoop()) return false;
  if (client.Conversation().Outstanding() != 0) return true;
  client.SetToThink(false);
  HoldBack(client, m_loop.Now() + RandomBetween(m_random, client.Kind().thinkLow, client.Kind().thinkHigh));
  return true;
}

}  // namespace switchboard::sim
