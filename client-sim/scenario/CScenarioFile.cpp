#include "client-sim/scenario/CScenarioFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "client-sim/base/Numbers.h"
#include "client-sim/scenario/CMessageReader.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {
namespace {

// One reading of one file.
// Threads: one.
class CReader {
 public:
  CReader(const std::string& path, uint32_t depth, CMessageFactory& factory)
      : m_toml(path), m_messages(m_toml, factory.Pattern()), m_depth(depth), m_factory(factory) {}

  CScenario Read(std::string_view text);

 private:
  void ReadClass(const toml::table& table);
  void ReadThink(const toml::node& node, SConnectionClass& oneClass) const;
  void ReadLoop(const toml::node& node, SConnectionClass& oneClass);
  std::vector<uint8_t> MessagesIn(const toml::node& node, SConnectionClass& oneClass);
  // The index of the message in the workload of the class; added with weight 0 if it isn't there.
  uint8_t MessageNamed(const toml::node& where, const std::string& name, SConnectionClass& oneClass);

  const CTomlReader m_toml;
  const CMessageReader m_messages;
  const uint32_t m_depth;
  CMessageFactory& m_factory;
  toml::table m_root;
  std::vector<uint16_t> m_pushes;
  std::deque<SConnectionClass> m_classes;
  uint64_t m_weights = 0;                    // of all classes so far
  std::map<std::string, uint8_t> m_indices;  // of the class that is being read
  bool m_hasOwnAccounts = false;             // so has it
};

CScenario CReader::Read(std::string_view text) {
  m_root = m_toml.Parse(text);
  m_toml.CheckKeys(m_root, {"class", "message", "pushes"});
  if (const toml::node* p_messages = m_root.get("message")) {
    // Read here too, so that a mistake in a message that nobody uses is found.
    for (const auto& [name, node] : m_toml.TableIn(*p_messages))
      m_messages.Read(std::string(name.str()), m_toml.TableIn(node));
  }
  if (const toml::node* p_pushes = m_root.get("pushes")) {
    if (!p_pushes->is_array()) m_toml.Refuse(*p_pushes, "pushes is a list of message codes");
    for (const toml::node& code : *p_pushes->as_array()) {
      m_pushes.push_back(static_cast<uint16_t>(m_toml.NumberIn(code, 0, kGoAwayCode - 1)));
    }
  }
  const toml::node* p_classes = m_root.get("class");
  if (p_classes == nullptr) throw CScenarioError(fmt::format("{}: there is no [[class]]", m_toml.Path()));
  if (!p_classes->is_array_of_tables()) m_toml.Refuse(*p_classes, "classes are written as [[class]]");
  for (const toml::node& node : *p_classes->as_array()) ReadClass(m_toml.TableIn(node));
  return CScenario(std::move(m_classes));
}

void CReader::ReadClass(const toml::table& table) {
  m_toml.CheckKeys(table, {"name", "weight", "depth", "think", "session", "loop"});
  m_indices.clear();
  SConnectionClass oneClass;
  if (const toml::node* p_name = table.get("name")) oneClass.name = m_toml.TextIn(*p_name);
  oneClass.weight = static_cast<uint32_t>(m_toml.NumberOr(table, "weight", CScenario::kMaxWeights, 1));
  oneClass.depth = static_cast<uint32_t>(m_toml.NumberOr(table, "depth", 1'000'000, m_depth));
  if (const toml::node* p_think = table.get("think")) ReadThink(*p_think, oneClass);
  const toml::array* p_session = table["session"].as_array();
  m_hasOwnAccounts = p_session != nullptr && std::any_of(p_session->begin(), p_session->end(), [](const auto& node) {
                       return node.template value<std::string>() == "register";
                     });
  if (const toml::node* p_node = table.get("session")) oneClass.session = MessagesIn(*p_node, oneClass);
  const toml::node* p_loop = table.get("loop");
  if (p_loop == nullptr) m_toml.Refuse(table, "a class needs a loop");
  ReadLoop(*p_loop, oneClass);
  for (const uint16_t code : m_pushes) oneClass.workload.AddPush(code);
  m_weights += oneClass.weight;
  if (m_weights > CScenario::kMaxWeights) {
    m_toml.Refuse(table, fmt::format("the weights of the classes sum up to more than {}", CScenario::kMaxWeights));
  }
  m_classes.push_back(std::move(oneClass));
}

void CReader::ReadThink(const toml::node& node, SConnectionClass& oneClass) const {
  const std::string text = m_toml.TextIn(node);
  const size_t dash = text.find('-');
  m_toml.At(node, [&] {
    oneClass.thinkLow = Duration(text.substr(0, dash));
    oneClass.thinkHigh = dash == std::string::npos ? oneClass.thinkLow : Duration(text.substr(dash + 1));
    if (oneClass.thinkHigh < oneClass.thinkLow) throw std::invalid_argument("the shorter time comes first");
  });
}

void CReader::ReadLoop(const toml::node& node, SConnectionClass& oneClass) {
  if (node.is_array()) {
    oneClass.loop = MessagesIn(node, oneClass);
    if (oneClass.loop.empty()) m_toml.Refuse(node, "the loop is empty");
    return;
  }
  if (!node.is_table()) m_toml.Refuse(node, "a loop is a list of messages, or a table of weights");
  uint64_t sum = 0;
  for (const auto& [key, weightNode] : *node.as_table()) {
    const auto weight = static_cast<uint32_t>(m_toml.NumberIn(weightNode, 0, 1'000'000));
    const std::string name(key.str());
    sum += weight;
    // A message of the session that is in the mix too is there twice: once without weight.
    m_indices.erase(name);
    const uint8_t index = MessageNamed(weightNode, name, oneClass);
    oneClass.workload.SetWeight(index, weight);
  }
  if (sum == 0) m_toml.Refuse(node, "every weight is 0");
}

std::vector<uint8_t> CReader::MessagesIn(const toml::node& node, SConnectionClass& oneClass) {
  if (!node.is_array()) m_toml.Refuse(node, "a list of messages is wanted here");
  std::vector<uint8_t> indices;
  for (const toml::node& name : *node.as_array()) indices.push_back(MessageNamed(name, m_toml.TextIn(name), oneClass));
  return indices;
}

uint8_t CReader::MessageNamed(const toml::node& where, const std::string& name, SConnectionClass& oneClass) {
  if (const auto known = m_indices.find(name); known != m_indices.end()) return known->second;
  const toml::table* p_described = m_root["message"][name].as_table();
  std::unique_ptr<const CMessage> p_message =
      p_described != nullptr ? m_messages.Read(name, *p_described) : m_factory.Make(name, m_hasOwnAccounts);
  if (p_message == nullptr) {
    m_toml.Refuse(where, fmt::format("'{}' is neither ping, echo, register, login nor a [message.{}]", name, name));
  }
  if (oneClass.workload.Size() == CWorkload::kMaxMessages) m_toml.Refuse(where, "a class has at most 255 messages");
  return m_indices[name] = oneClass.workload.Add(std::move(p_message), 0);
}

}  // namespace

CScenario CScenarioFile::Read(const std::string& path, uint32_t depth, CMessageFactory& factory) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw CScenarioError(fmt::format("{}: {}", path, std::generic_category().message(errno)));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return Parse(text, path, depth, factory);
}

CScenario CScenarioFile::Parse(std::string_view text, const std::string& path, uint32_t depth,
                               CMessageFactory& factory) {
  return CReader(path, depth, factory).Read(text);
}

}  // namespace switchboard::sim
