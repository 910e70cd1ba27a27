#include "client-sim/load/CRequestFeed.h"

#include <algorithm>

#include "client-sim/base/Random.h"

namespace switchboard::sim {

void CRequestFeed::Feed(CClient& client, uint64_t nowNs, bool isDraining) {
  CClientConnection& connection = client.Connection();
  if (BeginsToThink(client, nowNs)) return;
  size_t allowance = Allowance(client, nowNs, isDraining);
  if (allowance == 0) return;
  while (allowance != 0 && connection.CanSend()) {
    m_out.Clear();
    while (allowance != 0 && !m_out.IsFull()) allowance -= Issue(client, allowance, nowNs);
    connection.Send(m_out.Bytes());
  }
  // No reply will bring it back here after messages that have none.
  if (client.Conversation().Outstanding() == 0 && connection.CanSend() && Allowance(client, nowNs, isDraining) != 0) {
    m_timers.Add(nowNs + 1, &client);
  }
}

void CRequestFeed::HoldBack(CClient& client, uint64_t untilNs) {
  client.WaitUntil(untilNs);
  m_timers.Add(untilNs, &client);
}

size_t CRequestFeed::Allowance(CClient& client, uint64_t nowNs, bool isDraining) const {
  if (nowNs < client.NotBeforeNs()) return 0;
  const size_t due = client.Due().Size();
  if (isDraining && due == 0) return 0;
  const size_t outstanding = client.Conversation().Outstanding();
  if (client.IsInSession()) return outstanding == 0 && m_share.Left() != 0 ? 1 : 0;
  const size_t depth = client.Kind().depth == 0 ? SIZE_MAX : client.Kind().depth;
  if (outstanding >= depth) return 0;
  return std::min<size_t>(depth - outstanding, m_share.IsOpenLoop() ? due : m_share.Left());
}

size_t CRequestFeed::Issue(CClient& client, size_t most, uint64_t nowNs) {
  const bool isInSession = client.IsInSession();
  size_t issued = 1;
  if (m_share.IsOpenLoop()) {
    const uint64_t startNs = isInSession ? nowNs : client.Due().TakeFront();
    client.Conversation().Issue(client.NextMessage(m_random), startNs, m_out);
  } else if (client.IsMonotonous()) {
    issued = client.Conversation().IssueRun(0, nowNs, most, m_out);
  } else {
    client.Conversation().Issue(client.NextMessage(m_random), nowNs, m_out);
  }
  if (!m_share.IsOpenLoop()) m_share.Spend(issued);
  if (client.Kind().thinkHighNs != 0) client.SetToThink(!isInSession);
  return issued;
}

bool CRequestFeed::BeginsToThink(CClient& client, uint64_t nowNs) {
  if (!client.IsToThink() || m_share.IsOpenLoop()) return false;
  if (client.Conversation().Outstanding() != 0) return true;
  client.SetToThink(false);
  HoldBack(client, nowNs + RandomBetween(m_random, client.Kind().thinkLowNs, client.Kind().thinkHighNs));
  return true;
}

}  // namespace switchboard::sim
