#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client-sim/message/CBodyPattern.h"
#include "client-sim/message/DemoMessages.h"

namespace switchboard::sim {

// Makes the messages that have a name without any scenario: ping, echo, register, login, get.
// Threads: one.
class CMessageFactory {
 public:
  using Registrar = std::function<std::vector<SLoginBody>()>;

  // `namePrefix` begins every user name. `registerAccounts` is called at most once, for the first "login".
  CMessageFactory(const CBodyPattern& pattern, size_t echoBytes, std::string namePrefix, Registrar registerAccounts)
      : m_pattern(pattern),
        m_echoBytes(echoBytes),
        m_namePrefix(std::move(namePrefix)),
        m_registerAccounts(std::move(registerAccounts)) {}

  // How "get" comes to be; without this there is none.
  void SetGet(std::function<std::unique_ptr<const CMessage>()> makeGet) { m_makeGet = std::move(makeGet); }

  static bool Knows(std::string_view name);
  // All that it knows, for people: "ping, echo, …".
  static std::string Names();
  // With `isOwnAccount`, register and login mean one account for each connection. nullptr for an unknown name.
  std::unique_ptr<const CMessage> Make(std::string_view name, bool isOwnAccount = false);
  const CBodyPattern& Pattern() const { return m_pattern; }

 private:
  const CBodyPattern& m_pattern;
  const size_t m_echoBytes;
  const std::string m_namePrefix;
  const Registrar m_registerAccounts;
  std::function<std::unique_ptr<const CMessage>()> m_makeGet;
  std::optional<std::vector<SLoginBody>> m_accounts;
  std::shared_ptr<const CBodyCrc> m_p_echoCrc;
};

}  // namespace switchboard::sim
