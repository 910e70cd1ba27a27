#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "net/conn/CSession.h"
#include "net/hub/SHubSeat.h"

namespace switchboard {

// What workers ask of each other.
enum class EMeshOrder : uint8_t {
  kPublish,    // push to who has the name, but for `session`
  kBroadcast,  // push to all, but for `session`
  kPush,       // push to `session`
  kClose,      // close `session`: its logic said so
  kReplace     // close `session`: its user has logged in elsewhere
};

// One order, as a record of the mesh holds it. Both ends are the same binary, or its next version: the first byte tells
// the format.
// Threads: any (a value).
struct SMeshOrder {
  EMeshOrder order = EMeshOrder::kPublish;
  ENameKind kind = ENameKind::kRoom;
  uint16_t msgCode = 0;
  CSession session;
  std::string_view name;
  std::span<const std::byte> body;

  // Can't be dropped for want of room: somebody relies on it.
  bool IsDuty() const { return order == EMeshOrder::kClose || order == EMeshOrder::kReplace; }
};

// Appends it to `record`.
void WriteMeshOrder(const SMeshOrder& order, std::vector<std::byte>& record);

// Takes the first order off `record`, whose memory it refers to; nullopt when what is there is none.
std::optional<SMeshOrder> ReadMeshOrder(std::span<const std::byte>& record);

}  // namespace switchboard
