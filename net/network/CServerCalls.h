#pragma once

#include <functional>
#include <mutex>  // for std::chrono's durations: <chrono> brings all of iostreams
#include <optional>
#include <typeindex>
#include <vector>

#include "misc/count/CCounter.h"
#include "net/conn/CSession.h"
#include "net/conn/SPeer.h"
#include "net/wire/PackedBody.h"

namespace switchboard {

class CConfigSchema;
class CLimitedLog;
class CLog;
class CTally;
struct SConfig;
struct SServerLinks;

// The familiar verbs of a server, for the logic: send, close, who is it, call me later. They speak
// of this worker: a session of another one is "gone". None of them waits for a peer, and none calls
// a handler or a hook; but Send may make a system call, so don't hold a lock that others wait for.
// Threads: any, from OnWorkerStart until OnWorkerStop returns; before, in the constructor, they
// throw std::logic_error.
class CServerCalls {
 public:
  CServerCalls() = default;
  CServerCalls(const CServerCalls&) = delete;
  CServerCalls& operator=(const CServerCalls&) = delete;
  virtual ~CServerCalls() = default;

  // Sends a packet that answers nothing to a session. It must have a code that no request has, or
  // clients take it for an answer. Packets to one session arrive in the order of the calls; from a
  // handler of that very session they come after the answers given so far, and leave with them.
  // Copies the body.
  // True: it is on its way, or queued; whether it arrives, nobody knows. False, and nothing is
  // sent, when
  //  - the session is gone, which is normal, or speaks HTTP;
  //  - the body is over kMaxBodyBytes (65,527): limits.packet_bytes bounds what is received, not
  //    what is sent;
  //  - more than limits.send_queue_bytes would be unsent: the session is then closed
  //    (send_queue_overflow).
  // Counts packets_pushed, or stale_sessions.
  // There is no list of all sessions. To tell many, keep a list, and copy it, so that no lock is
  // held meanwhile.
  bool Send(const CSession& session, uint16_t msgCode, std::span<const std::byte> body);
  // The same with a text (without a NUL behind it), or a packed struct.
  template <class Body>
  requires(!IsBytes<Body>) bool Send(const CSession& session, uint16_t msgCode, const Body& body) {
    return Send(session, msgCode, BytesOf(body));
  }

  // Asks for the close of a session, and returns at once: what has arrived of it is handled and
  // answered first, then OnDisconnect comes with kByHandler. False when it is gone; true also when
  // its close has begun already, for whatever reason.
  bool Close(const CSession& session);
  // The peer's address and port; nullopt when the session is gone.
  std::optional<SPeer> PeerAddress(const CSession& session);
  // Which of server.workers this is, from 0; its successor, after a crash or a reload, is the same.
  uint32_t WorkerNumber();
  // Open connections of this worker, those over HTTP and those that are about to close among them.
  uint32_t ConnectionCount();

  // Runs `job` on a business thread after `after`, then every `period` if that isn't zero:
  //
  //   m_tick = AddTimer(std::chrono::seconds(5), std::chrono::milliseconds(100), [this] { Tick(); });
  //
  // Never early; later when all business threads are busy. Jobs take turns with packets, and run
  // beside handlers and each other, so they lock what they share; what they throw is logged, and a
  // periodic one goes on. Runs that were missed aren't made up for. Nothing but memory bounds the
  // number of timers. When the worker stops, what is due after its connections have gone never
  // comes. `job` is destroyed after its last run, by CancelTimer, or before OnWorkerStop. Throws
  // std::invalid_argument for a negative time; what is beyond a hundred years never comes.
  TimerId AddTimer(std::chrono::milliseconds after, std::chrono::milliseconds period, std::function<void()> job);
  TimerId AddTimer(std::chrono::milliseconds after, std::function<void()> job) {
    return AddTimer(after, std::chrono::milliseconds{0}, std::move(job));
  }
  // False when the timer has run for the last time or was cancelled. Doesn't wait for a run that
  // has begun, or waits for its thread: that still comes.
  bool CancelTimer(TimerId id);
  // Runs `job` on a business thread, soon, by turns with packets. False, counted as jobs_refused,
  // when business.queue_jobs wait already, or the worker has drained and stops its threads: then it is
  // destroyed without having run. Jobs begin in the order of their posts, and run side by side where
  // there are several business threads. What they throw is logged.
  bool Post(std::function<void()> job);

  // The log of the server, for events that somebody acts on: Log().Info("{} joined", name). Its
  // methods are in <switchboard/log.h>; it lives as long as the worker, blocks nobody, and takes
  // any thread.
  CLog& Log();
  // For lines that clients can cause at will: one a second of each subject, and how many more there
  // were (<switchboard/log.h>).
  CLimitedLog& LimitedLog();
  // All of the configuration, for parts of the framework.
  const SConfig& Config();
  // The section of the configuration that Describe declared with a T: checked, and constant as long
  // as the worker lives. Throws std::logic_error when none was declared.
  template <class T>
  const T& Config() {
    return *static_cast<const T*>(Section(typeid(T)));
  }
  // Copies of the tables of the [[list]] that Describe declared with a T, in their order. Throws as
  // Config.
  template <class T>
  std::vector<T> ConfigList() {
    std::vector<T> list;
    for (const void* p_table : Tables(typeid(T))) list.push_back(*static_cast<const T*>(p_table));
    return list;
  }
  // The counter of this name, a new one with 0 if need be, shown by --status and in the log's
  // totals, summed over all workers. Nothing is lost by the death of a worker, a reload or a
  // respawn. The name has 1 … 47 of a-z, 0-9 and _, begins with a letter, and is none of the
  // framework's, nor begins with closed_, connections_, packets_, rejected_ or worker_; else, or
  // when there are 64 of them, it throws std::logic_error.
  CCounter Counter(std::string_view name);
  // A subclass that hides this declares the sections of its own, in the master, before anything is
  // read: see CConfigSchema. It should do nothing else. Threads: the one of the starting program.
  static void Describe(CConfigSchema&) {}

  // Ties it to the parts of its worker, which outlive the handlers. Threads: CNetwork's
  // constructor.
  void BindTo(const SServerLinks& links) { m_p_links = &links; }

 protected:
  // Whether the calls above work.
  bool IsBound() const { return m_p_links != nullptr; }
  const SServerLinks& Links();
  // How the calling thread counts.
  CTally Tally();

 private:
  const void* Section(std::type_index type);
  std::vector<const void*> Tables(std::type_index type);

  const SServerLinks* m_p_links = nullptr;
};

using CSocket = CServerCalls;  // its former name

}  // namespace switchboard
