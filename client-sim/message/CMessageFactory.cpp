#include "client-sim/message/CMessageFactory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace switchboard::sim {
namespace {

constexpr std::array<std::string_view, 5> kNames{"ping", "echo", "login", "register", "get"};

}  // namespace

bool CMessageFactory::Knows(std::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string CMessageFactory::Names() {
  std::string names;
  for (const std::string_view name : kNames) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  return names;
}

std::unique_ptr<const CMessage> CMessageFactory::Make(std::string_view name, bool isOwnAccount) {
  using EAccounts = CRegisterMessage::EAccounts;
  if (name == "ping") return std::make_unique<CPingMessage>();
  if (name == "echo") return std::make_unique<CEchoMessage>(m_pattern, m_echoBytes);
  if (name == "register" && isOwnAccount) {
    return std::make_unique<CRegisterMessage>(m_namePrefix, EAccounts::kOfTheConnection);
  }
  if (name == "register") return std::make_unique<CRegisterMessage>(m_namePrefix + "r");
  if (name == "login" && isOwnAccount) return std::make_unique<COwnLoginMessage>(m_namePrefix);
  if (name == "get" && m_makeGet) return m_makeGet();
  if (name != "login") return nullptr;
  if (!m_accounts) m_accounts = m_registerAccounts();
  return std::make_unique<CLoginMessage>(*m_accounts);
}

}  // namespace switchboard::sim
