#include "net/network/CNetwork.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "misc/CBufferPool.h"
#include "misc/thread/CPreemption.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CFlowControl.h"
#include "net/conn/CMemoryCeiling.h"
#include "net/conn/Notes.h"
#include "net/hub/CHub.h"
#include "net/network/CApplication.h"
#include "net/network/CIoLoop.h"
#include "net/packet/CPacketProtocol.h"
#include "net/role/CHeartThread.h"
#include "net/role/CReceiver.h"
#include "net/role/CRecycler.h"
#include "net/role/CSender.h"
#include "net/role/CSilenceWatch.h"
#include "net/role/CTimers.h"
#include "net/site/CHttpProtocol.h"

namespace switchboard {

namespace {

constexpr std::chrono::seconds kFastFlush{1};
constexpr std::chrono::seconds kAbortGrace{1};

// Whether there may be clients that leave when they are asked to: by a GoAway, or over HTTP by "Connection: close".
bool KnowsFarewell(const SConfig& config) {
  return config.protocol.goaway ||
         std::any_of(config.listeners.begin(), config.listeners.end(),
                     [](const SListenerConfig& listener) { return listener.protocol == EListenerProtocol::kHttp; });
}

}  // namespace

// In the order of construction: each part knows only parts above it.
struct CNetwork::SParts {
  SParts(const SNetworkDeps& deps, CApplication& served, std::vector<SListenerSocket> listeners)
      : config(deps.config),
        clock(deps.clock),
        page(deps.page),
        application(served),
        limitedLog(deps.log, clock, [this] { heart.Wake(); }),
        inboxes(config.pool.max_connections),
        ceiling(inboxes, deps.page.held, config.limits.total_bytes),
        buffers(deps.page.held, [this] { ceiling.Check(); }),
        pool(deps.process, config.pool.connections, config.pool.max_connections, deps.page),
        flowControl(inboxes, config.limits.recv_pause_bytes, config.business.connection_packets),
        sender(config, pool, buffers, inboxes, flowControl, deps.page),
        recycler(config, clock, pool, inboxes, deps.page, limitedLog, deps.p_masterBell),
        business(config, limitedLog, sender, pool, inboxes, flowControl, deps.page),
        silence(config, pool, inboxes),
        heart(clock, silence, timers, business, limitedLog, deps.page),
        ownBoard(deps.p_hub == nullptr ? CHubBoard::ForOne(deps.process) : nullptr),
        hub(config.hub, deps.p_hub != nullptr ? *deps.p_hub : *ownBoard, deps.process, pool, sender, inboxes,
            deps.page),
        links{config, deps.log, limitedLog, clock, inboxes,          pool, sender, business,
              timers, heart,    deps.page,  hub,   deps.p_quarantine},
        reading(business.Links(), deps.page),
        protocols(MakeProtocols()),
        io({config, pool, inboxes, business, silence, heart, protocols, reading, deps.page, ceiling, limitedLog}, clock,
           std::move(listeners), deps.p_masterBell) {}

  // One for each listener.
  Protocols MakeProtocols() {
    application.Bind(links);
    const SProtocolParts parts{config, clock, buffers, flowControl, business, sender, reading, page.io};
    Protocols made;
    for (size_t i = 0; i < config.listeners.size(); ++i) {
      const SListenerConfig& listener = config.listeners[i];
      if (listener.protocol == EListenerProtocol::kHttp) {
        made.push_back(std::make_unique<CHttpProtocol>(parts, listener,
                                                       application.RequestsOf(static_cast<uint16_t>(i)), limitedLog));
      } else {
        made.push_back(
            std::make_unique<CPacketProtocol>(parts, listener, application.PacketsOf(static_cast<uint16_t>(i))));
      }
    }
    return made;
  }

  // Of all threads, as CTrace writes them.
  std::vector<uint64_t> Ticks() const {
    std::vector<uint64_t> ticks;
    for (const SThreadTrace* p_trace : {&page.ioTrace, &page.sendTrace, &page.recycleTrace, &page.heartTrace}) {
      ticks.push_back(p_trace->ticks.load());
    }
    for (const SThreadTrace& trace : page.workTrace) ticks.push_back(trace.ticks.load());
    return ticks;
  }
  bool HasNothingToDo() {
    return io.IsIdle() && business.IsIdle() && sender.IsIdle() && heart.IsIdle() && recycler.IsIdle() && hub.IsIdle();
  }

  const SConfig& config;
  const CClock& clock;
  SWorkerPage& page;
  CApplication& application;
  CLimitedLog limitedLog;  // wakes the heart once threads run
  SInboxes inboxes;
  CMemoryCeiling ceiling;
  CBufferPool buffers;
  CConnectionPool pool;
  CFlowControl flowControl;
  CSender sender;
  CRecycler recycler;
  CBusinessPool business;
  CSilenceWatch silence;
  CTimers timers;
  CHeartThread heart;
  const std::unique_ptr<CHubBoard> ownBoard;  // of a worker that has no master
  CHub hub;
  const SServerLinks links;
  SReadTurn reading;
  const Protocols protocols;
  CIoLoop io;
  bool isRunning = false;
};

CNetwork::CNetwork(const SNetworkDeps& deps, CApplication& application, std::vector<SListenerSocket> listeners)
    : m_p_parts(std::make_unique<SParts>(deps, application, std::move(listeners))) {}

CNetwork::~CNetwork() {
  if (m_p_parts->isRunning) Stop(EStopMode::kFast);
}

void CNetwork::Start() {
  CPreemption::KeepTurnsWhole();
  m_p_parts->application.Start();
  m_p_parts->isRunning = true;
  m_p_parts->recycler.Start();
  m_p_parts->sender.Start();
  m_p_parts->business.Start();
  m_p_parts->heart.Start();
  m_p_parts->hub.Start();
  m_p_parts->io.Start();
}

void CNetwork::AddListener(SListenerSocket listener) { m_p_parts->io.AddListener(std::move(listener)); }

void CNetwork::ReopenLogs() { m_p_parts->io.ReopenLogs(); }

void CNetwork::NoteLost(uint32_t process) {
  SParts& parts = *m_p_parts;
  parts.hub.RemovePeer(process);
  parts.business.PostJob({[&parts, process] { parts.application.OnLost(process); }, EUserCode::kOnLost});
}

void CNetwork::AddPeer(uint32_t process, CFd fd) { m_p_parts->hub.AddPeer(process, std::move(fd)); }

void CNetwork::AddClient(CFd fd, uint32_t listener) { m_p_parts->io.AddClient(std::move(fd), listener); }

void CNetwork::Stop(EStopMode mode, EGoAwayReason reason, bool isLastCall) {
  SParts& parts = *m_p_parts;
  if (!std::exchange(parts.isRunning, false)) return;
  bool isGraceful = mode == EStopMode::kGraceful;
  const MonotonicTime now = parts.clock.Now();
  const MonotonicTime::duration patience = parts.config.server.shutdown_timeout;

  // At the end of the server, or of a listener, nobody else would serve those who wait.
  if (isGraceful && (isLastCall || reason == EGoAwayReason::kStop)) parts.io.AcceptAll();
  // After a reload or a retirement there are other workers for those whom the master has passed to this one.
  const bool isServersEnd = reason == EGoAwayReason::kStop || reason == EGoAwayReason::kUpgrade;
  parts.io.StopAccepting(isGraceful && isServersEnd);
  if (isGraceful && KnowsFarewell(parts.config)) isGraceful = AskClientsToLeave(reason, now + patience * 3 / 4);
  if (mode != EStopMode::kAbort) parts.io.StopReading(isGraceful);  // mailboxes drain, answers leave, sockets close
  CRecycler::EWait wait = CRecycler::EWait::kInterrupted;
  if (mode == EStopMode::kAbort) wait = CRecycler::EWait::kTimeout;
  if (isGraceful) wait = parts.recycler.WaitUntilIdle(now + patience);
  if (wait == CRecycler::EWait::kInterrupted) {
    parts.io.StopReading(false);
    wait = parts.recycler.WaitUntilIdle(parts.clock.Now() + kFastFlush);
  }
  if (wait != CRecycler::EWait::kIdle) {
    parts.io.AbortAll();
    parts.recycler.WaitUntilIdle(parts.clock.Now() + kAbortGrace);
  }
  parts.heart.Stop();
  parts.hub.Stop();
  parts.business.Stop();  // runs the last OnDisconnect of every connection
  parts.timers.Clear();   // what they own may still speak to the parts
  parts.sender.Stop();
  parts.recycler.Stop();
  parts.io.Stop();
  parts.application.Stop();
  parts.limitedLog.FlushAll();
}

// Three quarters of the time are for clients that know GoAway, to finish and leave; the rest is for those that don't.
// False when there is no time for grace any more.
bool CNetwork::AskClientsToLeave(EGoAwayReason reason, MonotonicTime deadline) {
  SParts& parts = *m_p_parts;
  const auto drain = std::chrono::ceil<std::chrono::milliseconds>(deadline - parts.clock.Now());
  parts.io.SayFarewell({static_cast<uint32_t>(drain.count()), reason});
  return parts.recycler.WaitUntilIdle(deadline) != CRecycler::EWait::kInterrupted;
}

void CNetwork::LookAtClock() {
  m_p_parts->heart.Wake();
  m_p_parts->inboxes.io.Post(io_note::SLookAtClock{});
  m_p_parts->inboxes.TellRecycler(recycle_note::SLookAtClock{});
}

std::optional<MonotonicTime> CNetwork::NextDeadline() const { return m_p_parts->heart.Next(); }

// What one thread gives another is either in an inbox or a queue, which is looked at, or makes the other one work,
// which moves its ticks: so when nothing waited while no ticks moved, nothing was on its way either.
bool CNetwork::IsAtRest() const {
  const std::vector<uint64_t> before = m_p_parts->Ticks();
  const bool isWorking = std::any_of(before.begin(), before.end(), [](uint64_t ticks) { return ticks % 2 != 0; });
  return !isWorking && m_p_parts->HasNothingToDo() && m_p_parts->Ticks() == before;
}

void CNetwork::Hasten() { m_p_parts->recycler.Interrupt(); }

}  // namespace switchboard
