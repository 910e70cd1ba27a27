#pragma once

#include <signal.h>

#include "net/config/CConfig.h"

namespace switchboard {

// Whether a signal that stops the server, or a worker, lets it finish what it has in hand. QUIT does; with
// business.mode = "process_pool" INT does too, which a terminal sends to all processes of the foreground.
inline bool IsGracefulStop(int number, const SConfig& config) {
  return number == SIGQUIT || (number == SIGINT && config.business.mode == EBusinessMode::kProcessPool);
}

}  // namespace switchboard
