#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "logic/CHttpRoutes.h"
#include "logic/CRequest.h"
#include "logic/CSessionContext.h"
#include "misc/CLog.h"
#include "net/network/CSocket.h"
#include "net/role/CTurn.h"
#include "net/wire/Counters.h"

namespace switchboard {

// Where the handler of a msgCode runs.
enum class Run : uint8_t {
  kPool,      // on a business thread
  kInline,    // on sb-io itself while the connection has nothing waiting: for handlers that never block; with
              // business.mode = "process_pool" as kPool
  kBlocking,  // on a business thread; the answers gathered before it leave first, and other connections run after it
};

// The extension point: a subclass gives each msgCode a handler, and the framework calls it.
// Handlers of one connection run one at a time, in the order of its packets; those of different connections run in
// parallel. Threads: built by the worker's main thread after the fork; handlers and hooks on sb-work-N and sb-io.
class CLogic : public CSocket {
 public:
  using Handler = bool (CLogic::*)(CRequest&);

 protected:
  // Gives `msgCode` its handler, a method `bool(CRequest&)` of the subclass. Throws std::logic_error when the code has
  // one already, is reserved (65534, 65535), or the server has started. Threads: the constructor's.
  template <class Logic>
  requires std::is_base_of_v<CLogic, Logic>
  void On(uint16_t msgCode, bool (Logic::*p_handler)(CRequest&), Run run = Run::kPool, Reply reply = Reply::kOne) {
    Register(msgCode, static_cast<Handler>(p_handler), run, reply);
  }
  // Gives HTTP requests for exactly this path (decoded, "/" first) their handler, a method `bool(CHttpRequest&)` of the
  // subclass; it comes before a file of the same name, on every http listener and for every method. Throws
  // std::logic_error when the path has one already or can't be one, for Run::kInline, or when the server has started.
  // Threads: the constructor's.
  template <class Logic>
  requires std::is_base_of_v<CLogic, Logic>
  void OnHttp(std::string_view path, bool (Logic::*p_handler)(CHttpRequest&), Run run = Run::kPool) {
    RegisterRoute(path, static_cast<CHttpRoutes::Handler>(p_handler), run);
  }

  // A client has connected; the first call for its session. Not called for HTTP connections, nor is OnDisconnect.
  virtual void OnConnect(CSessionContext&) {}
  // A client is gone; the last call for its session.
  virtual void OnDisconnect(CSessionContext&, ECloseReason) {}

 private:
  friend class CRequest;
  friend class CDeferredReply;
  friend class CHttpRoutes;

  struct SEntry {
    Handler p_handler = nullptr;
    Run run = Run::kPool;
    Reply reply = Reply::kOne;
  };

  void Register(uint16_t msgCode, Handler p_handler, Run run, Reply reply);
  const SEntry* Find(uint16_t msgCode) const;
  void RegisterRoute(std::string_view path, CHttpRoutes::Handler p_handler, Run run);

  // CHandlers
  void OnOpening(CTurn& turn) final;
  bool OnInlineFrame(CTurn& turn, const SFrame& frame) final;
  void OnFrame(CTurn& turn, const SFrame& frame) final;
  void OnRefusedFrame(CTurn& turn, const SFrame& frame) final;
  void OnEnd(CTurn& turn) final;
  bool RunsInline(uint16_t msgCode) const final;
  bool HasRoutes() const final { return !m_routes.IsEmpty(); }
  bool HasRoute(std::string_view path) const final { return m_routes.Has(path); }
  void OnHttpRequest(CTurn& turn, std::span<const std::byte> posted) final { m_routes.Handle(turn, posted); }

  // Brings a packet to its one outcome; `p_entry` is its handler's, nullptr if it has none.
  void RunFrame(const SEntry* p_entry, CTurn& turn, const SFrame& frame);
  void RunHandler(const SEntry& entry, CTurn& turn, const SFrame& frame);
  // Ends a packet with a Reject; false when the connection takes nothing any more.
  bool Refuse(CTurn& turn, uint16_t msgCode, ERejectReason reason) {
    return Refuse(turn, msgCode, reason, static_cast<uint16_t>(reason));
  }
  // As above, with another number than that of the counted `reason` on the wire.
  bool Refuse(CTurn& turn, uint16_t msgCode, ERejectReason reason, uint16_t wireReason);
  bool AnswerDeferred(const CSession& session, uint16_t msgCode, std::span<const std::byte> body);
  bool RejectDeferred(const CSession& session, uint16_t msgCode, ERejectReason reason);
  // Claims the deferral, sends the bytes (none: sends nothing), counts `outcome`, and lets the mailbox go on.
  bool EndDeferral(const CSession& session, std::span<const std::byte> frame, ECounter outcome);

  std::vector<SEntry> m_table;  // indexed by msgCode; constant once started
  CHttpRoutes m_routes{*this};
  std::array<CLogLimit, static_cast<size_t>(ERejectReason::kCount)> m_rejectLimits;
};

}  // namespace switchboard
