#include "logic/CHandlerTable.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "misc/CCrc32.h"
#include "misc/CQuarantine.h"
#include "misc/CallUser.h"
#include "net/packet/CPacketWriter.h"
#include "net/role/CBusinessPool.h"

namespace switchboard {

using EKind = CLimitedLog::SSubject::EKind;

CHandlerTable::CHandlerTable(const SServerLinks& links, const std::vector<CModule*>& modules)
    : m_links(links),
      m_modules(modules),
      m_p_quarantine(links.p_quarantine),
      m_sendsRejects(links.config.protocol.reject_replies) {}

void CHandlerTable::Add(CModule& module, const CModule::SCode& code, uint8_t pool) {
  if (Find(code.msgCode) != nullptr) {
    throw std::logic_error("msgCode " + std::to_string(code.msgCode) + " has two handlers");
  }
  if (code.msgCode >= m_table.size()) m_table.resize(size_t{code.msgCode} + 1);
  m_table[code.msgCode] = {&module,     code.p_handler, pool, code.run == Run::kInline, code.run == Run::kBlocking,
                           code.replies};
}

bool CHandlerTable::RunsInline(uint16_t msgCode) const {
  const SEntry* p_entry = Find(msgCode);
  return p_entry != nullptr && p_entry->isInline;
}

void CHandlerTable::OnOpening(CTurn& turn) {
  const CTrace::CMark mark(turn.Trace(), EUserCode::kOnConnect);
  for (CModule* p_module : m_modules) {
    CSessionContext context(turn, p_module);
    CallUser([&] { p_module->OnConnect(context); },
             [&](std::string_view what) { LogHook(turn, EKind::kConnectThrew, "OnConnect", what); });
  }
}

void CHandlerTable::OnEnd(CTurn& turn) {
  const ECloseReason reason = turn.Connection().Reason();
  for (auto p_module = m_modules.rbegin(); p_module != m_modules.rend(); ++p_module) {
    CSessionContext context(turn, *p_module);
    CallUser([&] { (*p_module)->OnDisconnect(context, reason); },
             [&](std::string_view what) { LogHook(turn, EKind::kDisconnectThrew, "OnDisconnect", what); });
  }
}

void CHandlerTable::LogHook(CTurn& turn, EKind kind, std::string_view hook, std::string_view what) {
  m_links.limitedLog.Write(ELogLevel::kError, {kind},
                           [&] { return fmt::format("{} of {} threw {}", hook, turn.Session().ToString(), what); });
}

void CHandlerTable::Run(CTurn& turn, CFrameBatch& batch) {
  uint32_t ended = 0;
  while (!batch.IsOver() && !turn.HasToStop()) {
    const SFrame frame = batch.Front();
    const SEntry* p_entry = Find(frame.msgCode);
    if (p_entry != nullptr && turn.MoveTo(p_entry->pool)) break;
    batch.Pop(frame);
    ended += RunFrame(p_entry, turn, frame) ? 1 : 0;
  }
  turn.Tally().Add(ECounter::kPacketsLeft, ended);
}

void CHandlerTable::RunInline(CTurn& turn, CFrameBatch& batch) {
  uint32_t ended = 0;
  while (!batch.IsOver() && !turn.HasToStop()) {
    const SFrame frame = batch.Front();
    const SEntry* p_entry = Find(frame.msgCode);
    if (p_entry == nullptr || !p_entry->isInline) break;
    batch.Pop(frame);
    ended += RunFrame(p_entry, turn, frame) ? 1 : 0;
  }
  turn.Tally().Add(ECounter::kPacketsLeft, ended);
}

void CHandlerTable::RefuseAll(CTurn& turn, CFrameBatch& batch) {
  uint32_t ended = 0;
  for (; !batch.IsOver(); ++ended) {
    const SFrame frame = batch.Front();
    batch.Pop(frame);
    if (turn.Connection().IsAnswering()) {
      Refuse(turn, frame.msgCode, ERejectReason::kOverload, static_cast<uint16_t>(ERejectReason::kOverload));
    } else {
      turn.Tally().Add(ECounter::kPacketsDiscarded);
    }
  }
  turn.Tally().Add(ECounter::kPacketsLeft, ended);
}

bool CHandlerTable::RunFrame(const SEntry* p_entry, CTurn& turn, const SFrame& frame) {
  const auto refuse = [&](ERejectReason reason) {
    Refuse(turn, frame.msgCode, reason, static_cast<uint16_t>(reason));
    return true;
  };
  if (!turn.Connection().IsAnswering()) {
    turn.Tally().Add(ECounter::kPacketsDiscarded);
    return true;
  }
  if (CCrc32::Of(frame.body) != frame.crc32) {
    refuse(ERejectReason::kBadCrc);
    turn.Close(EPhase::kFlushing, ECloseReason::kBadCrc);
    return true;
  }
  if (p_entry == nullptr) return refuse(ERejectReason::kUnknownCode);
  if (m_p_quarantine != nullptr && m_p_quarantine->Has(frame.msgCode)) {
    return refuse(ERejectReason::kQuarantined);
  }
  return RunHandler(*p_entry, turn, frame);
}

bool CHandlerTable::RunHandler(const SEntry& entry, CTurn& turn, const SFrame& frame) {
  if (entry.isBlocking) {
    turn.Flush();
    turn.Yield();
  }
  turn.Trace().BeginPacket(frame.Raw());
  CRequest request(*this, turn, frame, entry.replies, entry.p_module);
  ERejectReason failure = ERejectReason::kHandlerFailed;
  bool isGood = false;
  const bool isDone = CallUser([&] { isGood = (entry.p_module->*entry.p_handler)(request); },
                               [&](std::string_view what) {
                                 failure = ERejectReason::kHandlerThrew;
                                 m_links.limitedLog.Write(ELogLevel::kWarn, {EKind::kThrew, 0, frame.msgCode}, [&] {
                                   return fmt::format("the handler of msgCode {} threw {}", frame.msgCode, what);
                                 });
                               });
  turn.Trace().EndPacket();
  if (request.IsDeferred()) return false;
  if (request.IsEnded()) return true;
  if (isGood && entry.replies == Replies::kNone) {
    turn.Tally().Add(ECounter::kPacketsOneWay);
    return true;
  }
  std::string_view cause;
  if (isDone) cause = request.Mistake(isGood);
  Refuse(turn, frame.msgCode, failure, static_cast<uint16_t>(failure), cause);
  return true;
}

bool CHandlerTable::Refuse(CTurn& turn, uint16_t msgCode, ERejectReason reason, uint16_t wireReason,
                           std::string_view cause) {
  m_links.limitedLog.Write(ELogLevel::kWarn, {EKind::kReject, static_cast<uint16_t>(reason), msgCode}, [&] {
    const SPeer peer = turn.Connection().Peer(turn.Session().Generation()).value_or(SPeer{});
    return fmt::format("{} of {}: msgCode {} rejected: {}{}{}", turn.Session().ToString(), peer.ToString(), msgCode,
                       ToString(reason), cause.empty() ? "" : ": ", cause);
  });
  const bool isTaken = !m_sendsRejects || CPacketWriter::PutReject(turn, msgCode, wireReason);
  turn.Tally().Add(isTaken ? CounterOf(reason) : ECounter::kPacketsDiscarded);
  return isTaken;
}

}  // namespace switchboard
