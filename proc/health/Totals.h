#pragma once

#include <string>
#include <string_view>

#include "net/wire/Counters.h"

namespace switchboard {

// The counters of all workers as "key=value", separated by `separator`: first what the two identities need,
// whatever their values,
//   connections_accepted = connections_active + connections_closed
//   packets_accepted = packets_replied + packets_rejected + packets_one_way + packets_discarded + packets_in_flight
// then every other counter that is not zero, under its CounterName, and at last those of the logic.
std::string FormatTotals(const CScoreboard& scoreboard, std::string_view separator);

}  // namespace switchboard
