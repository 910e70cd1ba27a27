#include "logic/CDeferredReply.h"

#include <algorithm>
#include <utility>

#include "net/network/SServerLinks.h"
#include "net/packet/CPacketWriter.h"
#include "net/wire/Counters.h"

namespace switchboard {

CDeferredReply::CDeferredReply(CDeferral deferral, const SServerLinks& links, uint16_t msgCode)
    : m_deferral(std::move(deferral)), m_p_links(&links), m_msgCode(msgCode) {}

CDeferredReply& CDeferredReply::operator=(CDeferredReply&& other) noexcept {
  if (this != &other) {
    Drop();
    m_deferral = std::move(other.m_deferral);
    m_p_links = other.m_p_links;
    m_msgCode = other.m_msgCode;
  }
  return *this;
}

bool CDeferredReply::ReplyAs(uint16_t msgCode, std::span<const std::byte> body) {
  if (!m_deferral.IsOpen() || body.size() > kMaxBodyBytes) return false;
  return m_deferral.End(CLonePacket(msgCode, body).Bytes(), ECounter::kPacketsReplied);
}

bool CDeferredReply::Reject(ERejectReason reason) { return End(reason, static_cast<uint16_t>(reason)); }

bool CDeferredReply::Reject(uint16_t userReason) {
  return End(ERejectReason::kByHandler, std::max(userReason, kFirstUserReason));
}

bool CDeferredReply::End(ERejectReason reason, uint16_t wireReason) {
  if (!m_deferral.IsOpen()) return false;
  if (!m_p_links->config.protocol.reject_replies) return m_deferral.End({}, CounterOf(reason));
  const SRejectBody body = CPacketWriter::RejectBody(m_msgCode, wireReason);
  return m_deferral.End(CLonePacket(kRejectCode, std::as_bytes(std::span(&body, 1))).Bytes(), CounterOf(reason));
}

// The last chance to answer: the client would wait for ever.
void CDeferredReply::Drop() { Reject(ERejectReason::kHandlerFailed); }

}  // namespace switchboard
