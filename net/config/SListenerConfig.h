#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "net/http/SHttpConfig.h"

namespace switchboard {

class CConfigSchema;

enum class EListenerProtocol : uint8_t { kPacket, kHttp };
enum class EAcceptMode : uint8_t { kReusePort, kMutex, kDispatch };

// [[listener]]: an address, and what is spoken there.
struct SListenerConfig {
  std::string address = "0.0.0.0";
  uint16_t port = 9000;
  EListenerProtocol protocol = EListenerProtocol::kPacket;
  EAcceptMode accept = EAcceptMode::kReusePort;
  uint32_t backlog = 511;
  std::string root;  // of the files that an http listener serves; empty: it serves routes only
  SHttpConfig http = {};
  std::string name = {};                 // that codes and routes can be bound to; none by default
  std::chrono::milliseconds silence{0};  // that a client of the packet protocol may keep; 0: as [heartbeat] says

  static void Describe(CConfigSchema& schema);
  bool operator==(const SListenerConfig&) const = default;
};

}  // namespace switchboard
