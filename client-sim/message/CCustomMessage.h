#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client-sim/message/CBody.h"
#include "client-sim/message/CMessage.h"

namespace switchboard::sim {

// What the answer to a message must be.
struct SExpectation {
  bool isOneWay = false;
  bool isEcho = false;                  // the same body back
  std::optional<uint16_t> replyCode;    // else that of the request
  std::unique_ptr<const CBody> p_body;  // the body of the reply; null: any
  std::optional<int32_t> result;        // its first four bytes, big-endian
  std::optional<uint16_t> reject;       // a Reject with that reason, instead of a reply
};

// A message that a scenario describes: any code, any body.
// Threads: any; constant after construction.
class CCustomMessage : public CMessage {
 public:
  CCustomMessage(std::string name, uint16_t msgCode, std::unique_ptr<const CBody> p_body, SExpectation expectation)
      : CMessage(std::move(name), msgCode, expectation.replyCode.value_or(msgCode), expectation.isOneWay),
        m_p_body(std::move(p_body)),
        m_expectation(std::move(expectation)) {}

  SBody WriteBody(SRequestId id, std::byte* p_body) const override;
  bool IsMirrored() const override {
    return m_expectation.isEcho && ReplyCode() == MsgCode() && !m_expectation.p_body && !m_expectation.result &&
           !m_expectation.reject;
  }
  std::optional<uint16_t> ExpectedReject() const override { return m_expectation.reject; }
  EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const override;
  std::optional<SRequestId> RequestOf(const SFrame& frame) const override;
  SWantedBody WantedBody(SRequestId id) const override;

 private:
  const std::unique_ptr<const CBody> m_p_body;
  const SExpectation m_expectation;
};

}  // namespace switchboard::sim
