#include "net/network/CSocket.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "net/conn/CConnectionPool.h"
#include "net/conn/Notes.h"
#include "net/role/CDispatcher.h"
#include "net/role/CHeart.h"
#include "net/role/CSender.h"
#include "net/role/CTurn.h"
#include "net/wire/CFrameEncoder.h"

namespace switchboard {

bool CSocket::Send(const CSession& session, uint16_t msgCode, std::span<const std::byte> body) {
  if (body.size() > kMaxBodyBytes) return false;
  const CTally tally = Tally();
  CConnection* p_connection = Links().pool.Find(session);
  bool isSent = false;
  if (p_connection != nullptr && !p_connection->IsHttp()) {
    CTurn* p_turn = CTurn::Current();
    if (p_turn != nullptr && p_turn->Session() == session) {
      isSent = p_turn->Put(msgCode, body);
    } else {
      // One block of the stack for what fits, so that a push costs no allocation.
      std::array<std::byte, 1024> small;
      std::unique_ptr<std::byte[]> p_large;
      const size_t bytes = kHeaderBytes + body.size();
      std::byte* p_frame = small.data();
      if (bytes > small.size()) {
        p_large = std::make_unique_for_overwrite<std::byte[]>(bytes);
        p_frame = p_large.get();
      }
      CFrameEncoder::WriteFrame(p_frame, msgCode, body);
      isSent = Links().sender.Write(*p_connection, session.Generation(), {p_frame, bytes}, tally);
    }
  }
  tally.Add(isSent ? ECounter::kPacketsPushed : ECounter::kStaleSessions);
  return isSent;
}

bool CSocket::Close(const CSession& session) {
  CConnection* p_connection = Links().pool.Find(session);
  CCloser closer(Links().inboxes);
  const bool isAsked = p_connection != nullptr &&
                       closer.Close(*p_connection, session.Generation(), EPhase::kDraining, ECloseReason::kByHandler);
  if (!isAsked) Tally().Add(ECounter::kStaleSessions);
  return isAsked;
}

std::optional<SPeer> CSocket::PeerAddress(const CSession& session) {
  CConnection* p_connection = Links().pool.Find(session);
  if (p_connection == nullptr) return std::nullopt;
  return p_connection->Peer(session.Generation());
}

uint32_t CSocket::ConnectionCount() { return Links().pool.Active(); }

TimerId CSocket::AddTimer(std::chrono::milliseconds after, std::chrono::milliseconds period,
                          std::function<void()> job) {
  const TimerId id = Links().timers.Add(Links().clock.Now(), after, period, std::move(job));
  Links().heart.Wake();
  return id;
}

bool CSocket::CancelTimer(TimerId id) { return Links().timers.Cancel(id); }

void CSocket::Post(std::function<void()> job) { Links().dispatcher.PostJob(std::move(job)); }

const void* CSocket::Section(std::type_index type) { return Config().sections.Get(type); }

CCounter CSocket::Counter(std::string_view name) {
  CNamedCounters& counters = Links().page.named;
  if (auto* const p_value = counters.Find(name); p_value != nullptr) return CCounter(*p_value);
  const std::string quoted = '"' + std::string(name) + '"';
  if (!CNamedCounters::IsName(name)) throw std::logic_error(quoted + " is no name of a counter");
  if (IsFrameworkCounter(name)) throw std::logic_error("the counter " + quoted + " is the framework's");
  const CMutexLock lock(m_namingMutex);
  auto* p_value = counters.Find(name);
  if (p_value == nullptr) p_value = counters.Add(name);
  if (p_value == nullptr) throw std::logic_error("there is no room for the counter " + quoted);
  return CCounter(*p_value);
}

SSocketLinks& CSocket::Links() {
  if (!m_links) throw std::logic_error("a CLogic can send, close and set timers from OnWorkerStart on, not before");
  return *m_links;
}

CTally CSocket::Tally() {
  const CTurn* p_turn = CTurn::Current();
  return p_turn != nullptr ? p_turn->Tally() : CTally::Shared(Links().page.shared);
}

}  // namespace switchboard
