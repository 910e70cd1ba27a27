#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client-sim/message/CBody.h"
#include "client-sim/message/CBodyPattern.h"
#include "client-sim/message/CCustomMessage.h"
#include "client-sim/scenario/CTomlReader.h"

namespace switchboard::sim {

// Reads the [message.NAME] tables of a scenario.
// Threads: any; constant after construction.
class CMessageReader {
 public:
  // Both outlive this; `pattern` the messages as well.
  CMessageReader(const CTomlReader& toml, const CBodyPattern& pattern) : m_toml(toml), m_pattern(pattern) {}

  // Throws CScenarioError.
  std::unique_ptr<const CMessage> Read(const std::string& name, const toml::table& table) const;

 private:
  std::unique_ptr<const CBody> ReadBody(const toml::table& table) const;
  std::vector<uint16_t> ReadSizes(const toml::node& node) const;
  SExpectation ReadExpectation(const toml::table& table) const;

  const CTomlReader& m_toml;
  const CBodyPattern& m_pattern;
};

}  // namespace switchboard::sim
