#include "logic/CDeferredReply.h"

#include <algorithm>
#include <utility>

#include "logic/LogReject.h"
#include "net/conn/CConnectionPool.h"
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
    m_wasTooLarge = other.m_wasTooLarge;
  }
  return *this;
}

bool CDeferredReply::ReplyAs(uint16_t msgCode, std::span<const std::byte> body) {
  m_wasTooLarge = body.size() > kMaxBodyBytes;
  if (!m_deferral.IsOpen() || m_wasTooLarge) return false;
  return m_deferral.End(CLonePacket(msgCode, body).Bytes(), ECounter::kPacketsReplied);
}

bool CDeferredReply::Reject(ERejectReason reason) { return End(reason, static_cast<uint16_t>(reason)); }

bool CDeferredReply::Reject(uint16_t userReason) {
  return End(ERejectReason::kByHandler, std::max(userReason, kFirstUserReason), CauseOf(userReason));
}

bool CDeferredReply::End(ERejectReason reason, uint16_t wireReason, std::string_view cause) {
  if (!m_deferral.IsOpen()) return false;
  const CSession session = Session();
  CConnection* const p_connection = m_p_links->pool.Find(session);
  const SPeer peer = p_connection != nullptr ? p_connection->Peer(session.Generation()).value_or(SPeer{}) : SPeer{};
  bool isEnded = false;
  if (m_p_links->config.protocol.reject_replies) {
    const SRejectBody body = CPacketWriter::RejectBody(m_msgCode, wireReason);
    isEnded = m_deferral.End(CLonePacket(kRejectCode, std::as_bytes(std::span(&body, 1))).Bytes(), CounterOf(reason));
  } else {
    isEnded = m_deferral.End({}, CounterOf(reason));
  }
  // Otherwise nobody is there any more to whom it matters.
  if (isEnded) LogReject(*m_p_links, session, peer, m_msgCode, reason, cause);
  return isEnded;
}

// The last chance to answer: the client would wait for ever.
void CDeferredReply::Drop() {
  const auto reason = ERejectReason::kHandlerFailed;
  End(reason, static_cast<uint16_t>(reason),
      m_wasTooLarge ? "the reply is over 65,527 bytes: send less, or several packets"
                    : "the CDeferredReply was dropped without an answer: call Reply or Reject on it");
}

}  // namespace switchboard
