#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "net/http/CHttpParser.h"
#include "net/http/CHttpPath.h"
#include "net/role/CProtocol.h"
#include "net/role/SReadParts.h"
#include "net/site/CHttpAnswers.h"
#include "net/site/CHttpHandlers.h"
#include "net/site/CHttpSite.h"
#include "net/site/CPostedRequest.h"

namespace switchboard {

// HTTP/1.1: docs/HTTP.md. Cuts requests, has them answered at once or by the business pool, as CHttpHandlers says, and
// keeps the answers in the order of the requests: what comes waits until the handlers before it have answered.
// Threads: as CProtocol.
class CHttpProtocol final : public CProtocol {
 public:
  CHttpProtocol(const SProtocolParts& parts, const SListenerConfig& config, CHttpHandlers& handlers, CLimitedLog& log);

  bool HasOpening() const override { return false; }
  SReading Receive(CConnection& connection, std::span<const std::byte> input, MonotonicTime now) override;
  SReading Resume(CConnection& connection, MonotonicTime now) override;
  void OnOverdue(CConnection& connection) override;
  // From now on every answer is its connection's last.
  void BeginDrain() override { m_isDraining = true; }
  // A client is told by its next answer, for which it has a moment.
  bool IsOverAtFarewell(CConnection& connection, const SFarewell& farewell) override {
    return farewell.isMomentOver && connection.read.p_input == nullptr;
  }
  bool HasEnd(const CConnection& connection) const override {
    return !connection.mailbox.IsIdle() || connection.turn.p_state != nullptr;
  }
  void FlushLogs() override { m_site.Log().Flush(); }
  void ReopenLogs() override { m_site.Log().Reopen(); }

  void OnOpening(CTurn&) override {}
  void Run(CTurn& turn, BlockPtr& p_block, uint32_t& quota) override;
  void OnEnd(CTurn&) override {}
  bool HoldsBehindDeferred() const override { return true; }

  size_t PushBytes(size_t) const override { return 0; }
  void WritePush(std::byte*, uint16_t, std::span<const std::byte>) const override {}
  const SIdleRule& IdleRule() const override { return m_idleRule; }

 private:
  // What has arrived of a request, or has to wait. It holds what has arrived, never what a header claims.
  struct SInput final : CInput {
    using CInput::CInput;
    size_t HeldBytes() const override { return sizeof(*this) + parser.PartialCapacity() + waiting.capacity(); }

    CHttpParser parser;              // has the started request
    std::vector<std::byte> waiting;  // come behind that; not looked at yet, from waitingAt on
    size_t waitingAt = 0;
  };

  // Handles what is whole at the front of `text`, and takes it off.
  SReading Handle(CConnection& connection, CHttpParser& parser, std::string_view& text, CHttpAnswers& answers,
                  MonotonicTime now);
  // Answers m_request, or posts it. True when nothing more will be answered.
  bool Answer(CConnection& connection, CHttpAnswers& answers, MonotonicTime now);
  // The status that m_request gets whatever its body is; 0: its body matters.
  uint16_t RefusalOfHead();
  // To its handler.
  void Post(CConnection& connection, const CPostedRequest::SMeta& meta, CHttpAnswers& answers);
  // `rest` lies in m_resumed, or in what was just received.
  void Hold(CConnection& connection, std::string_view rest);

  // constant after construction
  const SProtocolParts m_parts;
  const SFloodConfig m_flood;
  const SIdleRule m_idleRule;
  CHttpHandlers& m_handlers;

  CHttpSite m_site;

  // sb-io's
  CHttpParser m_parser;  // of connections that hold no input
  SHttpRequest m_request;
  CHttpPath m_path;
  CHttpNow m_now;
  std::vector<std::byte> m_resumed;  // while Resume runs: what had waited
  uint32_t m_requests = 0;           // that the read at hand has brought
  bool m_isDraining = false;
};

}  // namespace switchboard
