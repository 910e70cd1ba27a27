#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/message/DemoBodies.h"

namespace switchboard::sim {

// Registers the accounts that the logins of a run share, before anything is measured.
// Threads: one; blocks.
class CAccountRegistrar {
 public:
  // `namePrefix`, at most 20 bytes, begins every user name. A server that says nothing for `patience` has failed.
  CAccountRegistrar(const CEndpoint& server, std::string namePrefix, std::chrono::milliseconds patience)
      : m_server(server), m_namePrefix(std::move(namePrefix)), m_patience(patience) {}

  // Throws std::system_error when the server can't be reached, std::runtime_error when it refuses or falls silent.
  std::vector<SLoginBody> Register(size_t count) const;

 private:
  const CEndpoint& m_server;
  const std::string m_namePrefix;
  const std::chrono::milliseconds m_patience;
};

}  // namespace switchboard::sim
