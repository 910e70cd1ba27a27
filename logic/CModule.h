#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "logic/CHttpRequest.h"
#include "logic/CRequest.h"
#include "logic/CSessionContext.h"
#include "net/network/CServerCalls.h"

namespace switchboard {

// Where the handler of a msgCode or a route runs.
enum class Run : uint8_t {
  kPool,      // on a business thread
  kInline,    // on sb-io itself while the connection has nothing waiting: for handlers that never block; with
              // business.mode = "process_pool" as kPool
  kBlocking,  // on one of business.blocking_threads, which have less weight for the scheduler; the answers gathered
              // before it leave first, and other connections run after it
};

// A pool of threads that the configuration names: [[pool.named]] name = "db".
struct Pool {
  explicit Pool(std::string_view poolName) : name(poolName) {}
  std::string name;
};

// A part of a server: handlers for msgCodes and routes, hooks, timers, and state of its own for each session. CLogic is
// the one that a user writes; others are added to it with CLogic::Use.
// Handlers of one connection run one at a time, in the order of its requests, whichever module they belong to; those of
// different connections run in parallel. Threads: built by the worker's main thread after the fork; handlers and hooks
// by the worker's threads.
class CModule : public CServerCalls {
 public:
  using Handler = bool (CModule::*)(CRequest&);
  using RouteHandler = bool (CModule::*)(CHttpRequest&);

  // What is said of one handler when it is registered.
  class CBinding {
   public:
    // Binds it to the [[listener]] with this name; called again, to several. Elsewhere it isn't known. Returns itself.
    CBinding& OnlyOn(std::string_view listener) {
      listeners.emplace_back(listener);
      return *this;
    }

    Run run = Run::kPool;
    std::string pool;                    // of [[pool.named]]; empty: as `run` says
    std::vector<std::string> listeners;  // empty: all
  };
  struct SCode : CBinding {
    uint16_t msgCode = 0;
    Handler p_handler = nullptr;
    Replies replies = Replies::kOne;
  };
  struct SRoute : CBinding {
    std::string path;
    RouteHandler p_handler = nullptr;
  };

  const std::vector<SCode>& CodeBindings() const { return m_codes; }
  const std::vector<SRoute>& RouteBindings() const { return m_routes; }

  // The worker is about to serve; throwing refuses the start. Threads: the worker's main thread, before any handler.
  virtual void OnWorkerStart() {}
  // No handler runs any more, no session lives; threads of the module's own must end here. Threads: the main thread.
  virtual void OnWorkerStop() {}
  // A client has connected; the first call for its session. Not called for HTTP connections, nor is OnDisconnect.
  virtual void OnConnect(CSessionContext&) {}
  // A client is gone; the last call for its session. A worker that crashes calls nothing: see OnLost.
  virtual void OnDisconnect(CSessionContext&, ECloseReason) {}
  // A worker process has died without an OnDisconnect: all sessions with this CSession::Process() are gone. Called in
  // every other worker that serves then, and in the next one of its slot. Threads: a business thread.
  virtual void OnLost(uint32_t /*process*/) {}

 protected:
  // Gives `msgCode` its handler, a method `bool(CRequest&)` of the subclass. Throws std::logic_error when the code has
  // one already, is reserved (65534, 65535), or the server has started. What is returned is valid until the next call.
  // Threads: the constructor's.
  template <class Module>
  requires std::is_base_of_v<CModule, Module> CBinding& On(uint16_t msgCode, bool (Module::*p_handler)(CRequest&),
                                                           Run run = Run::kPool, Replies replies = Replies::kOne) {
    return Register(msgCode, static_cast<Handler>(p_handler), run, {}, replies);
  }
  template <class Module>
  requires std::is_base_of_v<CModule, Module> CBinding& On(uint16_t msgCode, bool (Module::*p_handler)(CRequest&),
                                                           const Pool& pool, Replies replies = Replies::kOne) {
    return Register(msgCode, static_cast<Handler>(p_handler), Run::kPool, pool.name, replies);
  }
  // Gives HTTP requests for exactly this path (decoded, "/" first) their handler, a method `bool(CHttpRequest&)` of the
  // subclass. A part "{name}" stands for any one part that isn't empty, which CHttpRequest::PathValue tells; where
  // several routes fit, the one goes first whose first different part is no such one. A route comes before a file of
  // the same name, on every http listener and for every method. Throws std::logic_error when the path has one already
  // or can't be one, as with a "*", for Run::kInline, or when the server has started. What is returned is valid until
  // the next call. Threads: the constructor's.
  template <class Module>
  requires std::is_base_of_v<CModule, Module> CBinding& OnHttp(std::string_view path,
                                                               bool (Module::*p_handler)(CHttpRequest&),
                                                               Run run = Run::kPool) {
    return RegisterRoute(path, static_cast<RouteHandler>(p_handler), run, {});
  }
  template <class Module>
  requires std::is_base_of_v<CModule, Module> CBinding& OnHttp(std::string_view path,
                                                               bool (Module::*p_handler)(CHttpRequest&),
                                                               const Pool& pool) {
    return RegisterRoute(path, static_cast<RouteHandler>(p_handler), Run::kPool, pool.name);
  }

 private:
  CBinding& Register(uint16_t msgCode, Handler p_handler, Run run, std::string pool, Replies replies);
  CBinding& RegisterRoute(std::string_view path, RouteHandler p_handler, Run run, std::string pool);

  // constant once started
  std::vector<SCode> m_codes;
  std::vector<SRoute> m_routes;
};

}  // namespace switchboard
