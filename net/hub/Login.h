#pragma once

#include <cstdint>

namespace switchboard {

// What becomes of other sessions when one is bound to a user that they have.
enum class Login : uint8_t {
  // They stay: a user may be there several times.
  kMany,
  // They are closed (ECloseReason::kReplaced): of several at once, the last one stays.
  kReplace,
  // They stay, and the new one is refused: of several at once, the first one stays.
  kRefuse
};

}  // namespace switchboard
