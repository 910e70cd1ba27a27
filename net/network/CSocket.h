#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "misc/CClock.h"
#include "misc/CLog.h"
#include "misc/CMutex.h"
#include "misc/CTally.h"
#include "misc/count/CNamedCounters.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnection.h"
#include "net/conn/CSession.h"
#include "net/role/CHandlers.h"
#include "net/role/CTimers.h"
#include "net/wire/Counters.h"

namespace switchboard {

class CBufferPool;
class CConnectionPool;
class CDispatcher;
class CHeart;
class CHttpSite;
class CQuarantine;
class CSender;
struct SInboxes;

// The parts that a socket speaks to; all outlive the handlers.
struct SSocketLinks {
  const SConfig& config;
  CLog& log;
  const CClock& clock;
  SInboxes& inboxes;
  CConnectionPool& pool;
  CSender& sender;
  CDispatcher& dispatcher;
  CTimers& timers;
  CHeart& heart;
  SWorkerPage& page;
  const CQuarantine* p_quarantine = nullptr;
  const std::vector<std::unique_ptr<CHttpSite>>* p_sites = nullptr;  // by listener
};

// The familiar verbs of a server, for the logic: send, close, who is it, call me later.
// Threads: any, from OnWorkerStart to OnWorkerStop.
class CSocket : public CHandlers {
 public:
  CSocket() = default;
  CSocket(const CSocket&) = delete;
  CSocket& operator=(const CSocket&) = delete;
  ~CSocket() override = default;

  // Sends a packet to a session of this worker, in the order of the calls; from a handler of that very session it
  // comes after the answers given so far. Copies the body. False when the session is gone or speaks HTTP, the
  // body is over kMaxBodyBytes (65,527), or limits.send_queue_bytes is exceeded (the session is then closed).
  bool Send(const CSession& session, uint16_t msgCode, std::span<const std::byte> body);
  template <class Body>
  requires(std::is_trivially_copyable_v<Body> && alignof(Body) == 1) bool Send(const CSession& session,
                                                                               uint16_t msgCode, const Body& body) {
    return Send(session, msgCode, std::as_bytes(std::span(&body, 1)));
  }

  // Asks for the close of a session: what it asked before is answered first. False when it is gone.
  bool Close(const CSession& session);
  // The peer's address and port; nullopt when the session is gone.
  std::optional<SPeer> PeerAddress(const CSession& session);
  // Open connections of this worker.
  uint32_t ConnectionCount();

  // Runs `job` on a business thread after `after`, then every `period` if that isn't zero.
  TimerId AddTimer(std::chrono::milliseconds after, std::chrono::milliseconds period, std::function<void()> job);
  TimerId AddTimer(std::chrono::milliseconds after, std::function<void()> job) {
    return AddTimer(after, std::chrono::milliseconds{0}, std::move(job));
  }
  // False when the timer has run for the last time or was cancelled. Doesn't wait for a run that has begun.
  bool CancelTimer(TimerId id);
  // Runs `job` on a business thread, soon.
  void Post(std::function<void()> job);

  CLog& Log() { return Links().log; }
  const SConfig& Config() { return Links().config; }
  // The section of the configuration that Describe declared with a T. Throws std::logic_error when none was.
  template <class T>
  const T& Config() {
    return *static_cast<const T*>(Section(typeid(T)));
  }
  // The counter of this name, a new one if need be: see docs/HANDLERS.md for names. Exact over the death of a worker,
  // and shown by --status. Throws std::logic_error when the name is none, or the framework's, or the 65th.
  CCounter Counter(std::string_view name);
  // A subclass that hides this declares the sections of its own, in the master, before anything is read: see
  // CConfigSchema. Threads: the one of the starting program.
  static void Describe(CConfigSchema&) {}

  // The worker is about to serve; throwing refuses the start. Threads: the worker's main thread, before any handler.
  virtual void OnWorkerStart() {}
  // No handler runs any more, no session lives; threads of the logic's own must end here. Threads: the main thread.
  virtual void OnWorkerStop() {}

  // Ties the socket to the parts of its worker. Threads: CNetwork's constructor.
  void Bind(const SSocketLinks& links) { m_links.emplace(links); }

 protected:
  bool IsBound() const { return m_links.has_value(); }
  SSocketLinks& Links();
  // How the calling thread counts.
  CTally Tally();

 private:
  const void* Section(std::type_index type);

  std::optional<SSocketLinks> m_links;
  CMutex m_namingMutex;  // held by who gives a counter its name
};

}  // namespace switchboard
