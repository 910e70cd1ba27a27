#pragma once

#include <cstdint>
#include <vector>

#include "logic/CModule.h"
#include "misc/CLog.h"
#include "net/network/SServerLinks.h"
#include "net/packet/CPacketHandlers.h"
#include "net/wire/Counters.h"

namespace switchboard {

class CRequest;

// The handlers of one listener's msgCodes, indexed by msgCode; brings each packet to its one outcome.
// Threads: Add by the worker's main thread before the start; the rest as CPacketHandlers.
class CHandlerTable final : public CPacketHandlers {
 public:
  // `modules` get the hooks; they and `links` outlive the table.
  CHandlerTable(const SServerLinks& links, const std::vector<CModule*>& modules);

  // `pool` is the number of the handler's. Throws std::logic_error when the code has a handler.
  void Add(CModule& module, const CModule::SCode& code, uint8_t pool);

  const SServerLinks& Links() const { return m_links; }
  // Ends a packet with a Reject; `wireReason` may be another number than that of the counted `reason`, and `cause` are
  // words for the log. False when the connection takes nothing any more.
  bool Refuse(CTurn& turn, uint16_t msgCode, ERejectReason reason, uint16_t wireReason, std::string_view cause = {});

  // CPacketHandlers
  void OnOpening(CTurn& turn) override;
  void Run(CTurn& turn, CFrameBatch& batch) override;
  void RunInline(CTurn& turn, CFrameBatch& batch) override;
  bool RunsInline(uint16_t msgCode) const override;
  void RefuseAll(CTurn& turn, CFrameBatch& batch) override;
  void OnEnd(CTurn& turn) override;

 private:
  struct SEntry {
    CModule* p_module = nullptr;  // nullptr: no handler
    CModule::Handler p_handler = nullptr;
    uint8_t pool = 0;
    bool isInline = false;
    bool isBlocking = false;
    Replies replies = Replies::kOne;
  };

  // nullptr when the code has no handler.
  const SEntry* Find(uint16_t msgCode) const {
    if (msgCode >= m_codes) return nullptr;
    const SEntry* p_entry = m_table.data() + msgCode;
    return p_entry->p_module != nullptr ? p_entry : nullptr;
  }
  // Takes packets as long as `mayRun(const SEntry*)` says so.
  template <class MayRun>
  void RunWhile(CTurn& turn, CFrameBatch& batch, MayRun mayRun);
  // Brings a packet to its outcome; false when it was deferred. These two are what every packet goes through, so they
  // are a part of the loop.
  [[gnu::always_inline]] bool RunFrame(const SEntry* p_entry, CTurn& turn, const SFrame& frame);
  [[gnu::always_inline]] bool RunHandler(const SEntry& entry, CTurn& turn, const SFrame& frame);
  // What seldom happens is kept out of the way of what often does.
  [[gnu::noinline]] void RefuseFrame(const SEntry* p_entry, CTurn& turn, const SFrame& frame);
  [[gnu::noinline]] void EndUnanswered(const SEntry& entry, CTurn& turn, const CRequest& request, bool isGood);
  [[gnu::noinline]] void EndThrown(CTurn& turn, CRequest& request, std::string_view what);
  void LogRefusal(CTurn& turn, uint16_t msgCode, ERejectReason reason, std::string_view cause);
  void LogHook(CTurn& turn, CLimitedLog::SSubject::EKind kind, std::string_view hook, std::string_view what);

  const SServerLinks& m_links;
  const std::vector<CModule*>& m_modules;
  const CQuarantine& m_quarantine;
  const bool m_sendsRejects;
  // constant once started
  std::vector<SEntry> m_table;
  size_t m_codes = 0;  // its size
};

}  // namespace switchboard
