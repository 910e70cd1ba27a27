#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "misc/count/CNamedCounters.h"
#include "net/conn/CSession.h"
#include "net/conn/SPeer.h"

namespace switchboard {

class CConfigSchema;
class CLog;
class CTally;
struct SConfig;
struct SServerLinks;

// The familiar verbs of a server, for the logic: send, close, who is it, call me later.
// Threads: any, from OnWorkerStart to OnWorkerStop.
class CServerCalls {
 public:
  CServerCalls() = default;
  CServerCalls(const CServerCalls&) = delete;
  CServerCalls& operator=(const CServerCalls&) = delete;
  virtual ~CServerCalls() = default;

  // Sends a packet to a session of this worker, in the order of the calls; from a handler of that very session it
  // comes after the answers given so far. Copies the body. False when the session is gone or speaks HTTP, the
  // body is over kMaxBodyBytes (65,527), or limits.send_queue_bytes is exceeded (the session is then closed).
  bool Send(const CSession& session, uint16_t msgCode, std::span<const std::byte> body);
  // The same with a text, or a packed struct.
  template <class Body>
  requires(!std::is_convertible_v<const Body&, std::span<const std::byte>>) bool Send(const CSession& session,
                                                                                      uint16_t msgCode,
                                                                                      const Body& body) {
    if constexpr (std::is_convertible_v<const Body&, std::string_view>) {
      const std::string_view text = body;
      return Send(session, msgCode, std::as_bytes(std::span(text)));
    } else {
      static_assert(std::is_trivially_copyable_v<Body> && alignof(Body) == 1,
                    "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)");
      return Send(session, msgCode, std::as_bytes(std::span(&body, 1)));
    }
  }

  // Asks for the close of a session: what it asked before is answered first. False when it is gone.
  bool Close(const CSession& session);
  // The peer's address and port; nullopt when the session is gone.
  std::optional<SPeer> PeerAddress(const CSession& session);
  // Which of server.workers this one is, from 0; its successor after a crash or a reload has the same number.
  uint32_t WorkerNumber();
  // Open connections of this worker.
  uint32_t ConnectionCount();

  // Runs `job` on a business thread after `after`, then every `period` if that isn't zero. Throws std::invalid_argument
  // for a negative time; what is beyond a hundred years never comes.
  TimerId AddTimer(std::chrono::milliseconds after, std::chrono::milliseconds period, std::function<void()> job);
  TimerId AddTimer(std::chrono::milliseconds after, std::function<void()> job) {
    return AddTimer(after, std::chrono::milliseconds{0}, std::move(job));
  }
  // False when the timer has run for the last time or was cancelled. Doesn't wait for a run that has begun.
  bool CancelTimer(TimerId id);
  // Runs `job` on a business thread, soon; not any more once the worker has drained and stops its threads.
  void Post(std::function<void()> job);

  CLog& Log();
  const SConfig& Config();
  // The section of the configuration that Describe declared with a T. Throws std::logic_error when none was.
  template <class T>
  const T& Config() {
    return *static_cast<const T*>(Section(typeid(T)));
  }
  // The tables of the [[list]] that Describe declared with a T. Throws as Config.
  template <class T>
  std::vector<T> ConfigList() {
    std::vector<T> list;
    for (const void* p_table : Tables(typeid(T))) list.push_back(*static_cast<const T*>(p_table));
    return list;
  }
  // The counter of this name, a new one if need be: see docs/HANDLERS.md for names. Exact over the death of a worker,
  // and shown by --status. Throws std::logic_error when the name is none, or the framework's, or the 65th.
  CCounter Counter(std::string_view name);
  // A subclass that hides this declares the sections of its own, in the master, before anything is read: see
  // CConfigSchema. Threads: the one of the starting program.
  static void Describe(CConfigSchema&) {}

  // Ties it to the parts of its worker, which outlive the handlers. Threads: CNetwork's constructor.
  void BindTo(const SServerLinks& links) { m_p_links = &links; }

 protected:
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
