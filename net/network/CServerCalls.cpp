#include "net/network/CServerCalls.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "misc/count/CTally.h"
#include "net/conn/CConnectionPool.h"
#include "net/hub/CHub.h"
#include "net/network/SServerLinks.h"
#include "net/packet/CPacketWriter.h"
#include "net/role/CBusinessPool.h"
#include "net/role/CHeartThread.h"
#include "net/role/CProtocol.h"
#include "net/role/CSender.h"

namespace switchboard {

bool CServerCalls::Send(const CSession& session, uint16_t msgCode, std::span<const std::byte> body) {
  const CTally tally = Tally();
  if (session && !Links().hub.IsOwn(session)) return Links().hub.Send(session, msgCode, body, tally);
  CConnection* p_connection = Links().pool.Find(session);
  // A session that ends meanwhile may leave its slot to one of another protocol; then nothing is written.
  const CProtocol* p_protocol = p_connection != nullptr ? &p_connection->Protocol() : nullptr;
  const size_t bytes = p_protocol != nullptr ? p_protocol->PushBytes(body.size()) : 0;
  bool isSent = false;
  if (bytes > 0) {
    CTurn* p_turn = CTurn::Current();
    if (p_turn != nullptr && p_turn->Session() == session) {
      p_protocol->WritePush(p_turn->Room(bytes), msgCode, body);
      isSent = p_turn->Commit(bytes);
    } else {
      CLonePacket packet(bytes);
      p_protocol->WritePush(packet.Data(), msgCode, body);
      isSent = Links().sender.Write(*p_connection, session.Generation(), packet.Bytes(), tally);
    }
  }
  tally.Add(isSent ? ECounter::kPacketsPushed : ECounter::kStaleSessions);
  return isSent;
}

bool CServerCalls::Close(const CSession& session) {
  if (session && !Links().hub.IsOwn(session)) return Links().hub.Close(session, Tally());
  CConnection* p_connection = Links().pool.Find(session);
  CCloser closer(Links().inboxes);
  const bool isAsked = p_connection != nullptr &&
                       closer.Close(*p_connection, session.Generation(), EPhase::kDraining, ECloseReason::kByHandler);
  if (!isAsked) Tally().Add(ECounter::kStaleSessions);
  return isAsked;
}

std::optional<SPeer> CServerCalls::PeerAddress(const CSession& session) {
  CConnection* p_connection = Links().pool.Find(session);
  if (p_connection == nullptr) return std::nullopt;
  return p_connection->Peer(session.Generation());
}

uint32_t CServerCalls::WorkerNumber() { return Links().page.slot.load(std::memory_order_relaxed); }

uint32_t CServerCalls::ConnectionCount() { return Links().pool.Active(); }

TimerId CServerCalls::AddTimer(std::chrono::milliseconds after, std::chrono::milliseconds period,
                               std::function<void()> job) {
  const TimerId id = Links().timers.Add(Links().clock.Now(), after, period, std::move(job));
  Links().heart.Wake();
  return id;
}

bool CServerCalls::CancelTimer(TimerId id) { return Links().timers.Cancel(id); }

bool CServerCalls::Post(std::function<void()> job) {
  const bool isTaken = Links().business.TryPostJob(std::move(job));
  if (!isTaken) Tally().Add(ECounter::kJobsRefused);
  return isTaken;
}

CLog& CServerCalls::Log() { return Links().log; }

CLimitedLog& CServerCalls::LimitedLog() { return Links().limitedLog; }

const SConfig& CServerCalls::Config() { return Links().config; }

const void* CServerCalls::Section(std::type_index type) { return Config().sections.Get(type); }

std::vector<const void*> CServerCalls::Tables(std::type_index type) { return Config().sections.List(type); }

CCounter CServerCalls::Counter(std::string_view name) {
  CNamedCounters& counters = Links().page.named;
  if (auto* const p_value = counters.Find(name); p_value != nullptr) return CCounter(*p_value);
  const std::string quoted = '"' + std::string(name) + '"';
  if (!CNamedCounters::IsName(name)) throw std::logic_error(quoted + " is no name of a counter");
  if (IsFrameworkCounter(name)) throw std::logic_error("the counter " + quoted + " is the framework's");
  const CMutexLock lock(Links().namingMutex);
  auto* p_value = counters.Find(name);
  if (p_value == nullptr) p_value = counters.Add(name);
  if (p_value == nullptr) throw std::logic_error("there is no room for the counter " + quoted);
  return CCounter(*p_value);
}

const SServerLinks& CServerCalls::Links() {
  if (m_p_links == nullptr) {
    throw std::logic_error("a CLogic can send, close and set timers from OnWorkerStart on, not before");
  }
  return *m_p_links;
}

CTally CServerCalls::Tally() {
  const CTurn* p_turn = CTurn::Current();
  return p_turn != nullptr ? p_turn->Tally() : CTally::Shared(Links().page.shared);
}

}  // namespace switchboard
