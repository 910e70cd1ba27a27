#include "net/network/CHubCalls.h"

#include "misc/count/CTally.h"
#include "net/hub/CHub.h"
#include "net/network/SServerLinks.h"

namespace switchboard {

bool CHubCalls::Join(const CSession& session, std::string_view room) {
  return Links().hub.Join(session, ENameKind::kRoom, room, Tally());
}

bool CHubCalls::Leave(const CSession& session, std::string_view room) {
  return Links().hub.Leave(session, ENameKind::kRoom, room);
}

bool CHubCalls::Bind(const CSession& session, std::string_view user, Login login) {
  return Links().hub.Bind(session, user, login, Tally());
}

bool CHubCalls::Unbind(const CSession& session, std::string_view user) {
  return Links().hub.Leave(session, ENameKind::kUser, user);
}

bool CHubCalls::Publish(std::string_view room, uint16_t msgCode, std::span<const std::byte> body,
                        const CSession& except) {
  return Links().hub.Publish(ENameKind::kRoom, room, msgCode, body, except, Tally());
}

bool CHubCalls::SendTo(std::string_view user, uint16_t msgCode, std::span<const std::byte> body,
                       const CSession& except) {
  return Links().hub.Publish(ENameKind::kUser, user, msgCode, body, except, Tally());
}

bool CHubCalls::Broadcast(uint16_t msgCode, std::span<const std::byte> body, const CSession& except) {
  return Links().hub.Broadcast(msgCode, body, except, Tally());
}

bool CHubCalls::Close(std::string_view user) { return Links().hub.CloseAll(user, Tally()); }

bool CHubCalls::IsOnline(std::string_view user) { return Links().hub.Count(ENameKind::kUser, user) > 0; }

uint32_t CHubCalls::Count(std::string_view room) { return Links().hub.Count(ENameKind::kRoom, room); }

std::vector<CSession> CHubCalls::Members(std::string_view room) { return Links().hub.Members(ENameKind::kRoom, room); }

}  // namespace switchboard
