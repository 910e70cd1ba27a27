#pragma once

#include <concepts>

#include "logic/CHttpRequest.h"
#include "logic/CRequest.h"
#include "net/network/CHubCalls.h"

// Over the rule: half of it is contract, of all that a module can do.
namespace switchboard {

// Where the handler of a msgCode or a route runs. With business.mode = "process_pool" a worker has
// one thread for all.
enum class Run : uint8_t {
  // On one of business.threads, for most things. As many handlers can block at a time; what else
  // waits then has no thread, so nothing of this kind should wait for long. When all of them are
  // stuck in handlers for server.watchdog_s, the master replaces the worker; one that is stuck is
  // logged.
  kPool,
  // On sb-io itself, the thread that reads all connections of the worker, while this connection has
  // nothing waiting; else, and with a process pool, as kPool: for handlers that take some
  // microseconds and never block, since all connections wait meanwhile. One that stays for
  // server.watchdog_s gets the worker replaced. Not for routes.
  kInline,
  // On one of business.blocking_threads, which have a small part of the weight for the scheduler; if
  // there are none, as kPool. The answers gathered before it leave first, and other connections run
  // after it: for files, databases, password hashes. After it the connection waits for its next
  // turn, so that one client with many such requests doesn't keep the others from theirs.
  kBlocking,
};

// A pool of threads that the configuration names ([[pool.named]] name = "db", threads = 4): for a
// back end that shall not take the threads of others. A name that the configuration lacks refuses
// the start.
struct Pool {
  explicit Pool(std::string_view poolName) : name(poolName) {}
  std::string name;
};

// A part of a server: handlers for msgCodes and routes, hooks, timers, keys, counters, and state of
// its own for each session. CLogic is the one that a user writes; others are added to it with
// CLogic::Use.
//
//   class CClock : public switchboard::CModule {
//    public:
//     CClock() { On(kTime, &CClock::HandleTime, switchboard::Run::kInline); }
//
//    private:
//     bool HandleTime(switchboard::CRequest& request) { return request.Reply(STimeBody{std::time(nullptr)}); }
//   };
//
//   constructor ─> OnWorkerStart ─> each connection: OnConnect ─> handlers … ─> OnDisconnect ─> OnWorkerStop
//
// Each worker process has an object of its own, built when it starts and kept until it ends; a
// reload builds new ones in new workers, beside the old. What all clients share with server.workers
// over 1 must live outside.
// Handlers and hooks of one connection run one at a time, in the order of its requests, whichever
// module they belong to and whatever threads run them, each seeing what the ones before wrote: what
// belongs to a session needs no lock. Those of different connections run in parallel, and lock what
// they share.
// What a hook or a handler throws never ends the worker, but for OnWorkerStart; a signal such as
// SIGSEGV does, and the master starts another one.
// At a graceful end of a worker (-s quit, a reload, an upgrade, one worker less) its clients are
// asked to leave (unless protocol.goaway is false), and served until they did, for three quarters
// of server.shutdown_timeout_s; then nothing more is read, and what was read is handled and
// answered. At a fast one (-s stop) what no handler has begun is dropped. Either way each session
// has its OnDisconnect, the threads end, and OnWorkerStop comes last.
// Threads: built by the worker's main thread after the fork; handlers and hooks by the worker's
// threads.
class CModule : public CHubCalls {
 public:
  using Handler = bool (CModule::*)(CRequest&);
  using RouteHandler = bool (CModule::*)(CHttpRequest&);

  // What is said of one handler when it is registered.
  class CBinding {
   public:
    // Binds it to the [[listener]] with this name; called again, to several. On others the code is
    // unknown (Reject{unknown_code}) and the path has no route: so what is internal isn't on the
    // public port. A name that no listener has refuses the start, as a route does on one without
    // protocol = "http". Returns itself.
    CBinding& OnlyOn(std::string_view listener);

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

  // What was registered, in that order. For the framework.
  const std::vector<SCode>& CodeBindings() const { return m_codes; }
  const std::vector<SRoute>& RouteBindings() const { return m_routes; }

  // The worker is about to serve; from here on the calls of CServerCalls work. Open files and
  // databases and start threads here, within server.start_timeout_s. Throwing refuses the start: a
  // server's start fails, a reload keeps the old workers; where a running server replaces a worker
  // or adds one, a std::system_error is tried again after a pause, and anything else gives the
  // worker up. Threads: the worker's main thread, before any handler.
  virtual void OnWorkerStart() {}
  // No handler runs any more, no session lives, timers and posted jobs are gone; threads of the
  // module's own must end here, and every deferred reply. A worker that crashes, or is killed for
  // being late, doesn't get here. What it throws is logged. Threads: the main thread.
  virtual void OnWorkerStop() {}
  // A client has connected; the first call for its session, before any of its packets is handled.
  // Send works. Not called for HTTP connections, nor is OnDisconnect. What it throws is logged, and
  // the connection lives. Threads: a business thread.
  virtual void OnConnect(CSessionContext&) {}
  // A client is gone; the last call for its session, also when OnConnect threw. Send finds nobody
  // any more, or nobody who reads; State is there until all modules were told. A worker that
  // crashes calls nothing: see OnLost. What it throws is logged. Threads: a business thread.
  virtual void OnDisconnect(CSessionContext&, ECloseReason) {}
  // A worker process has died without an OnDisconnect: all sessions with this CSession::Process()
  // are gone. Called in every other worker that serves then, and in the next one of its slot.
  // Threads: a business thread.
  virtual void OnLost(uint32_t /*process*/) {}

 protected:
  // Gives `msgCode` its handler, a method `bool(CRequest&)` of the subclass. Throws
  // std::logic_error when the code has one already, is reserved (65534, 65535), or the server has
  // started; a code of two modules refuses the start as well. What is returned is valid until the
  // next call. Threads: the constructor's.
  //
  //   On(kSteer, &CGameLogic::HandleSteer, Run::kPool, Replies::kNone);
  //   On(kShutDown, &CGameLogic::HandleShutDown).OnlyOn("admin");
  template <std::derived_from<CModule> Module>
  CBinding& On(uint16_t msgCode, bool (Module::*p_handler)(CRequest&), Run run = Run::kPool,
               Replies replies = Replies::kOne) {
    return Register(msgCode, static_cast<Handler>(p_handler), run, {}, replies);
  }
  template <std::derived_from<CModule> Module>
  CBinding& On(uint16_t msgCode, bool (Module::*p_handler)(CRequest&), const Pool& pool,
               Replies replies = Replies::kOne) {
    return Register(msgCode, static_cast<Handler>(p_handler), Run::kPool, pool.name, replies);
  }
  // Gives HTTP requests for exactly this path (decoded, "/" first) their handler, a method
  // `bool(CHttpRequest&)` of the subclass. A part "{name}" stands for any one part that isn't
  // empty, which CHttpRequest::PathValue tells; where several routes fit, the one goes first whose
  // first different part is no such one. A route comes before a file of the same name, on every
  // http listener and for every method. Throws std::logic_error when the path has one already or
  // can't be one, as with a "*", for Run::kInline, or when the server has started; two routes for
  // the same paths refuse the start. What is returned is valid until the next call. Threads: the
  // constructor's.
  //
  //   OnHttp("/users/{id}", &CUsers::HandleUser, Pool("db"));
  template <std::derived_from<CModule> Module>
  CBinding& OnHttp(std::string_view path, bool (Module::*p_handler)(CHttpRequest&), Run run = Run::kPool) {
    return RegisterRoute(path, static_cast<RouteHandler>(p_handler), run, {});
  }
  template <std::derived_from<CModule> Module>
  CBinding& OnHttp(std::string_view path, bool (Module::*p_handler)(CHttpRequest&), const Pool& pool) {
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
