// The message codes of the demo logic; their bodies are in DemoMessages.h.
#pragma once

#include <cstdint>

namespace switchboard {

inline constexpr uint16_t kPing = 0;      // empty; answered with an empty Ping
inline constexpr uint16_t kRegister = 5;  // SRegisterBody; answered with an SResultBody
inline constexpr uint16_t kLogin = 6;     // SLoginBody; answered with an SResultBody
inline constexpr uint16_t kEcho = 7;      // any bytes; answered with the same bytes

// From kFirstTransferCode on, nine codes are the file transfer's, if transfer.root is set: TransferMessages.h.

}  // namespace switchboard
