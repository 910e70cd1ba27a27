#include "logic/CLogic.h"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "misc/CCrc32.h"
#include "misc/CQuarantine.h"
#include "net/conn/CConnectionPool.h"
#include "net/role/CDispatcher.h"
#include "net/role/CSender.h"
#include "net/wire/CFrameEncoder.h"

namespace switchboard {

namespace {

SRejectBody RejectBody(uint16_t msgCode, uint16_t reason) {
  SRejectBody body;
  body.msgCode = msgCode;
  body.reason = reason;
  return body;
}

}  // namespace

void CLogic::Register(uint16_t msgCode, Handler p_handler, Run run, Reply reply) {
  const std::string name = "msgCode " + std::to_string(msgCode);
  if (IsBound()) throw std::logic_error(name + ": handlers are registered in the constructor, not after the start");
  if (msgCode >= kGoAwayCode) throw std::logic_error(name + " is reserved for the server");
  if (Find(msgCode) != nullptr) throw std::logic_error(name + " has two handlers");
  if (msgCode >= m_table.size()) m_table.resize(size_t{msgCode} + 1);
  m_table[msgCode] = {p_handler, run, reply};
}

void CLogic::RegisterRoute(std::string_view path, CHttpRoutes::Handler p_handler, Run run) {
  if (IsBound()) throw std::logic_error("routes are registered in the constructor, not after the start");
  m_routes.Add(path, p_handler, run);
}

const CLogic::SEntry* CLogic::Find(uint16_t msgCode) const {
  if (msgCode >= m_table.size() || m_table[msgCode].p_handler == nullptr) return nullptr;
  return &m_table[msgCode];
}

bool CLogic::RunsInline(uint16_t msgCode) const {
  const SEntry* p_entry = Find(msgCode);
  return p_entry != nullptr && p_entry->run == Run::kInline;
}

void CLogic::OnOpening(CTurn& turn) {
  CSessionContext context(turn);
  try {
    OnConnect(context);
  } catch (const std::exception& error) {
    Log().Error("OnConnect of {} threw: {}", context.Session().ToString(), error.what());
  } catch (...) {
    Log().Error("OnConnect of {} threw something that is no std::exception", context.Session().ToString());
  }
}

void CLogic::OnEnd(CTurn& turn) {
  CSessionContext context(turn);
  try {
    OnDisconnect(context, turn.Connection().Reason());
  } catch (const std::exception& error) {
    Log().Error("OnDisconnect of {} threw: {}", context.Session().ToString(), error.what());
  } catch (...) {
    Log().Error("OnDisconnect of {} threw something that is no std::exception", context.Session().ToString());
  }
}

bool CLogic::OnInlineFrame(CTurn& turn, const SFrame& frame) {
  const SEntry* p_entry = Find(frame.msgCode);
  if (p_entry == nullptr || p_entry->run != Run::kInline) return false;
  RunFrame(p_entry, turn, frame);
  return true;
}

void CLogic::OnFrame(CTurn& turn, const SFrame& frame) { RunFrame(Find(frame.msgCode), turn, frame); }

void CLogic::RunFrame(const SEntry* p_entry, CTurn& turn, const SFrame& frame) {
  if (!turn.Connection().IsAnswering()) {
    turn.Tally().Add(ECounter::kPacketsDiscarded);
  } else if (CCrc32::Of(frame.body) != frame.crc32) {
    Refuse(turn, frame.msgCode, ERejectReason::kBadCrc);
    turn.Close(EPhase::kFlushing, ECloseReason::kBadCrc);
  } else if (p_entry == nullptr) {
    Refuse(turn, frame.msgCode, ERejectReason::kUnknownCode);
  } else if (Links().p_quarantine != nullptr && Links().p_quarantine->Has(frame.msgCode)) {
    Refuse(turn, frame.msgCode, ERejectReason::kQuarantined);
  } else {
    RunHandler(*p_entry, turn, frame);
    if (turn.IsDeferred()) return;  // it is still in flight
  }
  turn.Tally().Add(ECounter::kPacketsLeft);
}

void CLogic::OnRefusedFrame(CTurn& turn, const SFrame& frame) {
  if (turn.Connection().IsAnswering()) {
    Refuse(turn, frame.msgCode, ERejectReason::kOverload);
  } else {
    turn.Tally().Add(ECounter::kPacketsDiscarded);
  }
  turn.Tally().Add(ECounter::kPacketsLeft);
}

void CLogic::RunHandler(const SEntry& entry, CTurn& turn, const SFrame& frame) {
  if (entry.run == Run::kBlocking) {
    turn.Flush();
    turn.Yield();
  }
  turn.Trace().BeginPacket(frame.Raw());
  CRequest request(*this, turn, frame, entry.reply);
  ERejectReason failure = ERejectReason::kHandlerFailed;
  bool isGood = false;
  try {
    isGood = (this->*entry.p_handler)(request);
  } catch (const std::exception& error) {
    failure = ERejectReason::kHandlerThrew;
    Log().WarnLimited(m_rejectLimits[0], "the handler of msgCode {} threw: {}", frame.msgCode, error.what());
  } catch (...) {
    failure = ERejectReason::kHandlerThrew;
    Log().WarnLimited(m_rejectLimits[0], "the handler of msgCode {} threw something that is no std::exception",
                      frame.msgCode);
  }
  turn.Trace().EndPacket();
  if (request.IsEnded()) return;
  if (isGood && entry.reply == Reply::kNone) {
    turn.Tally().Add(ECounter::kPacketsOneWay);
  } else {
    request.Reject(failure);
  }
}

bool CLogic::Refuse(CTurn& turn, uint16_t msgCode, ERejectReason reason, uint16_t wireReason) {
  CLogLimit& limit = m_rejectLimits[static_cast<size_t>(reason)];
  Log().WarnLimited(limit, "{}: msgCode {} rejected: {}", turn.Session().ToString(), msgCode, ToString(reason));
  bool isTaken = true;
  if (Config().protocol.reject_replies) {
    const SRejectBody body = RejectBody(msgCode, wireReason);
    isTaken = turn.Put(kRejectCode, std::as_bytes(std::span(&body, 1)));
  }
  turn.Tally().Add(isTaken ? CounterOf(reason) : ECounter::kPacketsDiscarded);
  return isTaken;
}

bool CLogic::AnswerDeferred(const CSession& session, uint16_t msgCode, std::span<const std::byte> body) {
  auto p_frame = std::make_unique_for_overwrite<std::byte[]>(kHeaderBytes + body.size());
  CFrameEncoder::WriteFrame(p_frame.get(), msgCode, body);
  return EndDeferral(session, {p_frame.get(), kHeaderBytes + body.size()}, ECounter::kPacketsReplied);
}

bool CLogic::RejectDeferred(const CSession& session, uint16_t msgCode, ERejectReason reason) {
  const SRejectBody body = RejectBody(msgCode, static_cast<uint16_t>(reason));
  std::array<std::byte, kHeaderBytes + sizeof(body)> frame;
  CFrameEncoder::WriteFrame(frame.data(), kRejectCode, std::as_bytes(std::span(&body, 1)));
  const size_t bytes = Config().protocol.reject_replies ? frame.size() : 0;
  return EndDeferral(session, std::span(frame).first(bytes), CounterOf(reason));
}

bool CLogic::EndDeferral(const CSession& session, std::span<const std::byte> frame, ECounter outcome) {
  const CTally tally = Tally();
  CConnection* p_connection = Links().pool.Find(session);
  if (p_connection == nullptr || !p_connection->mailbox.ClaimDeferral(session.Generation())) {
    tally.Add(ECounter::kStaleSessions);
    return false;
  }
  // The claim holds the connection's turn, so the slot stays with this session until Unblock.
  const bool isSent = frame.empty() || Links().sender.Write(*p_connection, session.Generation(), frame, tally);
  tally.Add(isSent ? outcome : ECounter::kPacketsDiscarded);
  tally.Add(ECounter::kPacketsLeft);
  if (p_connection->mailbox.Unblock()) Links().dispatcher.Push(*p_connection);
  return isSent;
}

}  // namespace switchboard
