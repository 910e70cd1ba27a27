#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logic/CLogic.h"
#include "testing/CTestHttpCall.h"
#include "testing/CTestPacket.h"
#include "testing/CTestSession.h"

namespace switchboard {

class CConfigSchema;
class CTestHost;

// A server inside of a test: the worker that RunServer would start, with its threads, on ports of 127.0.0.1 that nobody
// need know, but with a clock that only the test puts forward. There are two listeners, 0 for packets and 1 for HTTP;
// protocol.goaway is off, and recycle.delay_ms is 0. The log is kept in memory.
// Threads: the test's. Each throws CTestFailure when the server takes longer than the patience.
class CTestServerBase {
 public:
  // A client that has connected: OnConnect was called for it. `listener` is the name of a [[listener]]; "": the first.
  CTestSession Connect(std::string_view listener = {});
  // Asks over HTTP, and returns the answer; Begin doesn't wait for it.
  STestHttpAnswer Http(const STestHttpRequest& request) { return BeginHttp(request).Answer(); }
  STestHttpAnswer Get(std::string_view target) { return Http({.target = std::string(target)}); }
  CTestHttpCall BeginHttp(const STestHttpRequest& request, std::string_view listener = {});

  // Puts the clock forward: timers that become due run, as often as they would, and silent clients are judged. Returns
  // when all that has been done.
  void Advance(std::chrono::nanoseconds by);
  // Returns when the server has done all that it was asked. A handler that waits keeps it from that; a deferred answer
  // doesn't.
  void Settle();
  // The worker dies, once it has settled, and the next one takes its place. Its connections end (worker_lost), without
  // any hook; the logic is built anew, with the next process number; counters and listeners live on. What dies here is
  // taken down only with the server: until then its logic is there, and calls nobody. Its OnWorkerStop runs then.
  void Crash();
  // Ends as with SIGQUIT: what was accepted is answered, OnDisconnect is called for all, then OnWorkerStop.
  void Stop();

  // Of the worker that runs now, from 1.
  uint32_t Process() const;
  // A counter by its name in --status, the framework's or the logic's; 0 when the logic hasn't named it yet.
  uint64_t Count(std::string_view counter) const;
  // All lines so far, as the server writes them: log.level says which.
  std::string Log() const;
  // How long anything may take by the system's clock. 5 s at first.
  void SetPatience(std::chrono::milliseconds patience);

 protected:
  using Factory = std::function<std::unique_ptr<CLogic>()>;
  using Describe = std::function<void(CConfigSchema&)>;
  CTestServerBase(const std::vector<std::string>& settings, const Factory& factory, const Describe& describe);
  ~CTestServerBase();
  CTestServerBase(const CTestServerBase&) = delete;
  CTestServerBase& operator=(const CTestServerBase&) = delete;

  CLogic& Current();

 private:
  std::shared_ptr<CTestHost> m_p_host;
};

// A CTestServer<CGameLogic> serves a CGameLogic.
template <std::derived_from<CLogic> Kind>
class CTestServer final : public CTestServerBase {
 public:
  // Settings are as after --set: "game.players=4", "listener.0.name=public", "listener.2.port=0". Throws CConfigError
  // for bad ones, and what the constructor and OnWorkerStart of the logic throw.
  explicit CTestServer(const std::vector<std::string>& settings = {})
      : CTestServer(settings, [] { return std::make_unique<Kind>(); }) {}
  // The same with a function that builds the logic: of each worker, one after the other.
  CTestServer(const std::vector<std::string>& settings, std::function<std::unique_ptr<Kind>()> factory)
      : CTestServerBase(settings, std::move(factory), [](CConfigSchema& schema) { Kind::Describe(schema); }) {}

  // Of the worker that runs now. Its handlers run in threads of the server: what they write is the test's to read after
  // Settle, when it isn't locked.
  Kind& Logic() { return static_cast<Kind&>(Current()); }
};

}  // namespace switchboard
