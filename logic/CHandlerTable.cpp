#include "logic/CHandlerTable.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "logic/LogReject.h"
#include "misc/CCrc32.h"
#include "misc/CQuarantine.h"
#include "misc/thread/CallUser.h"
#include "net/hub/CHub.h"
#include "net/packet/CPacketWriter.h"
#include "net/role/CBusinessPool.h"

namespace switchboard {

using EKind = CLimitedLog::SSubject::EKind;

namespace {

const CQuarantine kNothing;

}  // namespace

CHandlerTable::CHandlerTable(const SServerLinks& links, const std::vector<CModule*>& modules)
    : m_links(links),
      m_modules(modules),
      m_quarantine(links.p_quarantine != nullptr ? *links.p_quarantine : kNothing),
      m_sendsRejects(links.config.protocol.reject_replies) {}

void CHandlerTable::Add(CModule& module, const CModule::SCode& code, uint8_t pool) {
  if (Find(code.msgCode) != nullptr) {
    throw std::logic_error("msgCode " + std::to_string(code.msgCode) + " has two handlers");
  }
  if (code.msgCode >= m_codes) m_table.resize(m_codes = size_t{code.msgCode} + 1);
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
  // A publish of OnDisconnect doesn't go to who has left.
  m_links.hub.Forget(turn.Session());
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

inline bool CHandlerTable::RunHandler(const SEntry& entry, CTurn& turn, const SFrame& frame) {
  if (entry.isBlocking) [[unlikely]] {
    turn.Flush();
    turn.Yield();
  }
  turn.Trace().BeginPacket(frame.Raw());
  CRequest request(*this, turn, frame.msgCode, frame.body, entry.replies, entry.p_module);
  bool isGood = false;
  CallUser([&] { isGood = (entry.p_module->*entry.p_handler)(request); },
           [&](std::string_view what) { EndThrown(turn, request, what); });
  turn.Trace().EndPacket();
  if (!request.IsEnded()) [[unlikely]]
    EndUnanswered(entry, turn, request, isGood);
  return !request.IsDeferred();
}

inline bool CHandlerTable::RunFrame(const SEntry* p_entry, CTurn& turn, const SFrame& frame) {
  const bool isQuarantined = m_quarantine.Has(frame.msgCode);
  if (p_entry == nullptr || isQuarantined || !turn.Connection().IsAnswering() || CCrc32::Of(frame.body) != frame.crc32)
      [[unlikely]] {
    RefuseFrame(p_entry, turn, frame);
    return true;
  }
  return RunHandler(*p_entry, turn, frame);
}

template <class MayRun>
void CHandlerTable::RunWhile(CTurn& turn, CFrameBatch& batch, MayRun mayRun) {
  uint32_t ended = 0;
  CFrameBatch rest = batch;  // a copy that no handler can see stays in registers
  while (!rest.IsOver() && !turn.HasToStop()) {
    const SFrame frame = rest.Front();
    const SEntry* p_entry = Find(frame.msgCode);
    if (!mayRun(p_entry)) break;
    rest.Pop(frame);
    ended += RunFrame(p_entry, turn, frame) ? 1 : 0;
  }
  batch = rest;
  turn.Tally().Add(ECounter::kPacketsLeft, ended);
}

void CHandlerTable::Run(CTurn& turn, CFrameBatch& batch) {
  RunWhile(turn, batch, [&](const SEntry* p_entry) { return p_entry == nullptr || !turn.MoveTo(p_entry->pool); });
}

void CHandlerTable::RunInline(CTurn& turn, CFrameBatch& batch) {
  RunWhile(turn, batch, [](const SEntry* p_entry) { return p_entry != nullptr && p_entry->isInline; });
}

void CHandlerTable::RefuseAll(CTurn& turn, CFrameBatch& batch) {
  constexpr auto kReason = ERejectReason::kOverload;
  while (!batch.IsOver()) {
    const SFrame frame = batch.Front();
    batch.Pop(frame);
    if (!turn.Connection().IsAnswering()) continue;
    LogRefusal(turn, frame.msgCode, kReason, {});
    if (m_sendsRejects) CPacketWriter::PutReject(turn, frame.msgCode, static_cast<uint16_t>(kReason));
  }
}

void CHandlerTable::RefuseFrame(const SEntry* p_entry, CTurn& turn, const SFrame& frame) {
  if (!turn.Connection().IsAnswering()) {
    turn.Tally().Add(ECounter::kPacketsDiscarded);
    return;
  }
  ERejectReason reason = p_entry == nullptr ? ERejectReason::kUnknownCode : ERejectReason::kQuarantined;
  const bool isBroken = CCrc32::Of(frame.body) != frame.crc32;
  if (isBroken) reason = ERejectReason::kBadCrc;
  Refuse(turn, frame.msgCode, reason, static_cast<uint16_t>(reason));
  if (isBroken) turn.Close(EPhase::kFlushing, ECloseReason::kBadCrc);
}

void CHandlerTable::EndThrown(CTurn& turn, CRequest& request, std::string_view what) {
  m_links.limitedLog.Write(ELogLevel::kWarn, {EKind::kThrew, 0, request.MsgCode()},
                           [&] { return fmt::format("the handler of msgCode {} threw {}", request.MsgCode(), what); });
  if (request.IsEnded()) return;
  request.m_state = CRequest::EState::kEnded;
  const auto reason = ERejectReason::kHandlerThrew;
  Refuse(turn, request.MsgCode(), reason, static_cast<uint16_t>(reason));
}

void CHandlerTable::EndUnanswered(const SEntry& entry, CTurn& turn, const CRequest& request, bool isGood) {
  if (isGood && entry.replies == Replies::kNone) {
    turn.Tally().Add(ECounter::kPacketsOneWay);
    return;
  }
  const auto reason = ERejectReason::kHandlerFailed;
  Refuse(turn, request.MsgCode(), reason, static_cast<uint16_t>(reason), request.Mistake(isGood));
}

void CHandlerTable::LogRefusal(CTurn& turn, uint16_t msgCode, ERejectReason reason, std::string_view cause) {
  const CSession& session = turn.Session();
  LogReject(m_links, session, turn.Connection().Peer(session.Generation()).value_or(SPeer{}), msgCode, reason, cause);
}

bool CHandlerTable::Refuse(CTurn& turn, uint16_t msgCode, ERejectReason reason, uint16_t wireReason,
                           std::string_view cause) {
  LogRefusal(turn, msgCode, reason, cause);
  const bool isTaken = !m_sendsRejects || CPacketWriter::PutReject(turn, msgCode, wireReason);
  turn.Tally().Add(isTaken ? CounterOf(reason) : ECounter::kPacketsDiscarded);
  return isTaken;
}

}  // namespace switchboard
