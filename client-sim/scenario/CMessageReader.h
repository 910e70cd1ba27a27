#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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
  // The one of those keys that the table has; nullptr if it has none. Refuses two.
  const toml::node* OneOf(const toml::table& table, CTomlReader::Names keys, std::string_view what) const;
  std::unique_ptr<const CBody> ReadBody(const toml::table& table) const;
  std::unique_ptr<const CBody> ReadReplyBody(const toml::table& table) const;
  // At most as many bytes as a body has.
  std::unique_ptr<const CBody> FixedBody(const toml::node& node, std::vector<std::byte> bytes) const;
  std::vector<uint16_t> ReadSizes(const toml::node& node) const;
  SExpectation ReadExpectation(const toml::table& table) const;
  // Refuses answers that contradict each other.
  void CheckExpectation(const toml::table& table, const SExpectation& expectation) const;

  const CTomlReader& m_toml;
  const CBodyPattern& m_pattern;
};

}  // namespace switchboard::sim
