#include "logic/LogReject.h"

#include <fmt/format.h>

#include "net/network/SServerLinks.h"

namespace switchboard {

void LogReject(const SServerLinks& links, const CSession& session, const SPeer& peer, uint16_t msgCode,
               ERejectReason reason, std::string_view cause) {
  const CLimitedLog::SSubject subject{CLimitedLog::SSubject::EKind::kReject, static_cast<uint16_t>(reason), msgCode};
  links.limitedLog.Write(ELogLevel::kWarn, subject, [&] {
    return fmt::format("{} of {}: msgCode {} rejected: {}{}{}", session.ToString(), peer.ToString(), msgCode,
                       ToString(reason), cause.empty() ? "" : ": ", cause);
  });
}

std::string CauseOf(uint16_t userReason) {
  if (userReason >= kFirstUserReason) return "reason " + std::to_string(userReason);
  return fmt::format("reason {}, as the logic's own begin there, and it said {}", kFirstUserReason, userReason);
}

}  // namespace switchboard
