#include "net/hub/SMeshOrder.h"

#include <cstring>

namespace switchboard {

namespace {

constexpr uint8_t kFormat = 1;

struct SHead {
  uint8_t format = kFormat;
  EMeshOrder order = EMeshOrder::kPublish;
  ENameKind kind = ENameKind::kRoom;
  uint8_t nameBytes = 0;
  uint16_t msgCode = 0;
  uint16_t bodyBytes = 0;
  uint32_t process = 0;
  uint32_t slot = 0;
  uint32_t generation = 0;
};

}  // namespace

void WriteMeshOrder(const SMeshOrder& order, std::vector<std::byte>& record) {
  SHead head;
  head.order = order.order;
  head.kind = order.kind;
  head.nameBytes = static_cast<uint8_t>(order.name.size());
  head.msgCode = order.msgCode;
  head.bodyBytes = static_cast<uint16_t>(order.body.size());
  head.process = order.session.Process();
  head.slot = order.session.Slot();
  head.generation = order.session.Generation();
  const auto headBytes = std::as_bytes(std::span(&head, 1));
  const auto name = std::as_bytes(std::span(order.name));
  record.insert(record.end(), headBytes.begin(), headBytes.end());
  record.insert(record.end(), name.begin(), name.end());
  record.insert(record.end(), order.body.begin(), order.body.end());
}

std::optional<SMeshOrder> ReadMeshOrder(std::span<const std::byte>& record) {
  SHead head;
  if (record.size() < sizeof(head)) return std::nullopt;
  std::memcpy(&head, record.data(), sizeof(head));
  const size_t bytes = sizeof(head) + head.nameBytes + head.bodyBytes;
  if (head.format != kFormat || head.order > EMeshOrder::kReplace || head.kind > ENameKind::kUser ||
      head.nameBytes > SHubText::kMost || bytes > record.size()) {
    return std::nullopt;
  }
  SMeshOrder order;
  order.order = head.order;
  order.kind = head.kind;
  order.msgCode = head.msgCode;
  order.session = CSession(head.process, head.slot, head.generation);
  order.name = {reinterpret_cast<const char*>(record.data() + sizeof(head)), head.nameBytes};
  order.body = record.subspan(sizeof(head) + head.nameBytes, head.bodyBytes);
  record = record.subspan(bytes);
  return order;
}

}  // namespace switchboard
