#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/conn/CSession.h"
#include "net/conn/SPeer.h"
#include "net/wire/Reasons.h"

namespace switchboard {

struct SServerLinks;

// The one line about a refused packet: whose it was, which, why, and by what `cause`, in words. Limited, as what
// clients can cause at will. Threads: any.
void LogReject(const SServerLinks& links, const CSession& session, const SPeer& peer, uint16_t msgCode,
               ERejectReason reason, std::string_view cause = {});

// The cause that is told of a Reject with a reason of the logic's own: its number, as the client gets it.
std::string CauseOf(uint16_t userReason);

}  // namespace switchboard
