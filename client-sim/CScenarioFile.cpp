#include "client-sim/CScenarioFile.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "client-sim/CBody.h"
#include "client-sim/CCustomMessage.h"
#include "client-sim/Numbers.h"
#include "misc/CScoreboard.h"
#include "net/Wire.h"

namespace switchboard::sim {
namespace {

// The Reject reasons that have a name, by it.
std::optional<uint16_t> ReasonNamed(std::string_view name) {
  for (uint16_t reason = 1; reason < static_cast<uint16_t>(ERejectReason::kByHandler); ++reason) {
    if (ToString(static_cast<ERejectReason>(reason)) == name) return reason;
  }
  return std::nullopt;
}

// One reading of one file.
// Threads: one.
class CReader {
 public:
  CReader(const std::string& path, uint32_t depth, CMessageFactory& factory)
      : m_path(path), m_depth(depth), m_factory(factory) {}

  CScenario Read();

 private:
  using Names = std::initializer_list<std::string_view>;

  [[noreturn]] void Refuse(const toml::source_region& where, std::string_view why) const {
    throw CScenarioError(fmt::format("{}:{}: {}", m_path, where.begin.line, why));
  }
  [[noreturn]] void Refuse(const toml::node& node, std::string_view why) const { Refuse(node.source(), why); }
  // Runs `read`, and gives its complaints a place.
  template <typename Reader>
  auto At(const toml::node& node, Reader read) const {
    try {
      return read();
    } catch (const std::invalid_argument& error) {
      Refuse(node, error.what());
    }
  }

  void CheckKeys(const toml::table& table, Names known) const;
  const toml::table& TableIn(const toml::node& node) const;
  std::string TextIn(const toml::node& node) const;
  uint64_t NumberIn(const toml::node& node, uint64_t lowest, uint64_t highest) const;
  // Both for a key that may be missing.
  uint64_t NumberOr(const toml::table& table, std::string_view key, uint64_t highest, uint64_t otherwise) const;
  std::vector<std::byte> FileIn(const toml::node& node) const;

  void ReadClass(const toml::table& table, CScenario& scenario);
  void ReadThink(const toml::node& node, SConnectionClass& oneClass) const;
  void ReadLoop(const toml::node& node, SConnectionClass& oneClass);
  std::vector<uint8_t> MessagesIn(const toml::node& node, SConnectionClass& oneClass);
  // The index of the message in the workload of the class; added with weight 0 if it isn't there.
  uint8_t MessageNamed(const toml::node& where, const std::string& name, SConnectionClass& oneClass);

  std::unique_ptr<const CMessage> ReadMessage(const std::string& name, const toml::table& table) const;
  std::unique_ptr<const CBody> ReadBody(const toml::table& table) const;
  std::vector<uint16_t> ReadSizes(const toml::node& node) const;
  SExpectation ReadExpectation(const toml::table& table) const;

  const std::string m_path;
  const uint32_t m_depth;
  CMessageFactory& m_factory;
  toml::table m_root;
  std::vector<uint16_t> m_pushes;
  std::map<std::string, uint8_t> m_indices;  // of the class that is being read
  bool m_hasOwnAccounts = false;             // so has it
};

CScenario CReader::Read() {
  try {
    m_root = toml::parse_file(m_path);
  } catch (const toml::parse_error& error) {
    Refuse(error.source(), error.description());
  }
  CheckKeys(m_root, {"class", "message", "pushes"});
  if (const toml::node* p_messages = m_root.get("message")) {
    // Read here too, so that a mistake in a message that nobody uses is found.
    for (const auto& [name, node] : TableIn(*p_messages)) ReadMessage(std::string(name.str()), TableIn(node));
  }
  if (const toml::node* p_pushes = m_root.get("pushes")) {
    if (!p_pushes->is_array()) Refuse(*p_pushes, "pushes is a list of message codes");
    for (const toml::node& code : *p_pushes->as_array()) {
      m_pushes.push_back(static_cast<uint16_t>(NumberIn(code, 0, kGoAwayCode - 1)));
    }
  }
  const toml::node* p_classes = m_root.get("class");
  if (p_classes == nullptr) throw CScenarioError(fmt::format("{}: there is no [[class]]", m_path));
  if (!p_classes->is_array_of_tables()) Refuse(*p_classes, "classes are written as [[class]]");
  CScenario scenario;
  for (const toml::node& node : *p_classes->as_array()) ReadClass(TableIn(node), scenario);
  return scenario;
}

void CReader::CheckKeys(const toml::table& table, Names known) const {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    std::string names;
    for (const std::string_view name : known) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    Refuse(key.source(), fmt::format("'{}' is none of {}", key.str(), names));
  }
}

const toml::table& CReader::TableIn(const toml::node& node) const {
  if (!node.is_table()) Refuse(node, "a table is wanted here");
  return *node.as_table();
}

std::string CReader::TextIn(const toml::node& node) const {
  if (const auto text = node.value_exact<std::string>()) return *text;
  Refuse(node, "a text is wanted here");
}

uint64_t CReader::NumberIn(const toml::node& node, uint64_t lowest, uint64_t highest) const {
  const auto number = node.value_exact<int64_t>();
  if (!number || *number < static_cast<int64_t>(lowest) || *number > static_cast<int64_t>(highest)) {
    Refuse(node, fmt::format("a number from {} to {} is wanted here", lowest, highest));
  }
  return static_cast<uint64_t>(*number);
}

uint64_t CReader::NumberOr(const toml::table& table, std::string_view key, uint64_t highest, uint64_t otherwise) const {
  const toml::node* p_node = table.get(key);
  return p_node == nullptr ? otherwise : NumberIn(*p_node, 1, highest);
}

std::vector<std::byte> CReader::FileIn(const toml::node& node) const {
  const std::filesystem::path path = std::filesystem::path(m_path).parent_path() / TextIn(node);
  std::ifstream file(path, std::ios::binary);
  if (!file) Refuse(node, fmt::format("{} can't be read", path.string()));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* p_bytes = reinterpret_cast<const std::byte*>(text.data());
  return {p_bytes, p_bytes + text.size()};
}

void CReader::ReadClass(const toml::table& table, CScenario& scenario) {
  CheckKeys(table, {"name", "weight", "depth", "think", "session", "loop"});
  m_indices.clear();
  SConnectionClass oneClass;
  if (const toml::node* p_name = table.get("name")) oneClass.name = TextIn(*p_name);
  oneClass.weight = static_cast<uint32_t>(NumberOr(table, "weight", CScenario::kMaxWeights, 1));
  oneClass.depth = static_cast<uint32_t>(NumberOr(table, "depth", 1'000'000, m_depth));
  if (const toml::node* p_think = table.get("think")) ReadThink(*p_think, oneClass);
  const toml::array* p_session = table["session"].as_array();
  m_hasOwnAccounts = p_session != nullptr && std::any_of(p_session->begin(), p_session->end(), [](const auto& node) {
                       return node.template value<std::string>() == "register";
                     });
  if (const toml::node* p_node = table.get("session")) oneClass.session = MessagesIn(*p_node, oneClass);
  const toml::node* p_loop = table.get("loop");
  if (p_loop == nullptr) Refuse(table, "a class needs a loop");
  ReadLoop(*p_loop, oneClass);
  for (const uint16_t code : m_pushes) oneClass.workload.AddPush(code);
  At(table, [&] {
    try {
      scenario.Add(std::move(oneClass));
    } catch (const std::length_error& error) {
      throw std::invalid_argument(error.what());
    }
  });
}

void CReader::ReadThink(const toml::node& node, SConnectionClass& oneClass) const {
  const std::string text = TextIn(node);
  const size_t dash = text.find('-');
  At(node, [&] {
    oneClass.thinkLowNs = DurationNs(text.substr(0, dash));
    oneClass.thinkHighNs = dash == std::string::npos ? oneClass.thinkLowNs : DurationNs(text.substr(dash + 1));
    if (oneClass.thinkHighNs < oneClass.thinkLowNs) throw std::invalid_argument("the shorter time comes first");
  });
}

void CReader::ReadLoop(const toml::node& node, SConnectionClass& oneClass) {
  if (node.is_array()) {
    oneClass.loop = MessagesIn(node, oneClass);
    if (oneClass.loop.empty()) Refuse(node, "the loop is empty");
    return;
  }
  if (!node.is_table()) Refuse(node, "a loop is a list of messages, or a table of weights");
  uint64_t sum = 0;
  for (const auto& [key, weightNode] : *node.as_table()) {
    const auto weight = static_cast<uint32_t>(NumberIn(weightNode, 0, 1'000'000));
    const std::string name(key.str());
    sum += weight;
    // A message of the session that is in the mix too is there twice: once without weight.
    m_indices.erase(name);
    const uint8_t index = MessageNamed(weightNode, name, oneClass);
    oneClass.workload.SetWeight(index, weight);
  }
  if (sum == 0) Refuse(node, "every weight is 0");
}

std::vector<uint8_t> CReader::MessagesIn(const toml::node& node, SConnectionClass& oneClass) {
  if (!node.is_array()) Refuse(node, "a list of messages is wanted here");
  std::vector<uint8_t> indices;
  for (const toml::node& name : *node.as_array()) indices.push_back(MessageNamed(name, TextIn(name), oneClass));
  return indices;
}

uint8_t CReader::MessageNamed(const toml::node& where, const std::string& name, SConnectionClass& oneClass) {
  if (const auto known = m_indices.find(name); known != m_indices.end()) return known->second;
  const toml::table* p_described = m_root["message"][name].as_table();
  std::unique_ptr<const CMessage> p_message =
      p_described != nullptr ? ReadMessage(name, *p_described) : m_factory.Make(name, m_hasOwnAccounts);
  if (p_message == nullptr) {
    Refuse(where, fmt::format("'{}' is neither ping, echo, register, login nor a [message.{}]", name, name));
  }
  if (oneClass.workload.Size() == CWorkload::kMaxMessages) Refuse(where, "a class has at most 255 messages");
  return m_indices[name] = oneClass.workload.Add(std::move(p_message), 0);
}

std::unique_ptr<const CMessage> CReader::ReadMessage(const std::string& name, const toml::table& table) const {
  CheckKeys(table, {"code", "bytes", "text", "hex", "file", "fields", "expect", "reply_code", "reply_text", "reply_hex",
                    "reply_fields", "result", "reject"});
  const toml::node* p_code = table.get("code");
  if (p_code == nullptr) Refuse(table, "a message needs a code");
  const auto msgCode = static_cast<uint16_t>(NumberIn(*p_code, 0, kRejectCode));
  return std::make_unique<CCustomMessage>(name, msgCode, ReadBody(table), ReadExpectation(table));
}

std::unique_ptr<const CBody> CReader::ReadBody(const toml::table& table) const {
  std::vector<std::byte> bytes;
  const toml::node* p_found = nullptr;
  for (const std::string_view key : {"bytes", "text", "hex", "file", "fields"}) {
    const toml::node* p_node = table.get(key);
    if (p_node == nullptr) continue;
    if (p_found != nullptr) Refuse(*p_node, "a message has one body: bytes, text, hex, file or fields");
    p_found = p_node;
    if (key == "bytes") return std::make_unique<CPatternBody>(m_factory.Pattern(), ReadSizes(*p_node));
    if (key == "file") bytes = FileIn(*p_node);
    if (key == "hex") bytes = At(*p_node, [&] { return BytesOfHex(TextIn(*p_node)); });
    if (key == "fields") bytes = At(*p_node, [&] { return BytesOfFields(TextIn(*p_node)); });
    if (key != "text") continue;
    const std::string text = TextIn(*p_node);
    for (const char letter : text) bytes.push_back(static_cast<std::byte>(letter));
  }
  if (bytes.size() > kMaxBodyBytes) Refuse(*p_found, fmt::format("a body has at most {} bytes", kMaxBodyBytes));
  return std::make_unique<CFixedBody>(std::move(bytes));
}

std::vector<uint16_t> CReader::ReadSizes(const toml::node& node) const {
  if (node.is_integer()) return {static_cast<uint16_t>(NumberIn(node, 0, kMaxBodyBytes))};
  const std::string text = TextIn(node);
  std::vector<uint16_t> sizes;
  const auto sizeIn = [&](const std::string& digits) {
    const bool isNumber = !digits.empty() && digits.size() < 6 && digits.find_first_not_of("0123456789") == digits.npos;
    const unsigned long size = isNumber ? std::stoul(digits) : std::numeric_limits<unsigned long>::max();
    if (size > kMaxBodyBytes) {
      Refuse(node,
             fmt::format("'{}' is no size from 0 to {}: 56, \"16-1024\" or a file of sizes", digits, kMaxBodyBytes));
    }
    return static_cast<uint16_t>(size);
  };
  if (const size_t dash = text.find('-');
      dash != std::string::npos && text.find_first_not_of("0123456789-") == text.npos) {
    const uint16_t highest = sizeIn(text.substr(dash + 1));
    for (uint32_t size = sizeIn(text.substr(0, dash)); size <= highest; ++size) {
      sizes.push_back(static_cast<uint16_t>(size));
    }
    if (sizes.empty()) Refuse(node, "the smaller size comes first");
    return sizes;
  }
  std::string digits;
  for (const std::byte byte : FileIn(node)) {
    const char letter = static_cast<char>(byte);
    if (letter != '\n' && letter != ' ' && letter != '\r') {
      digits += letter;
    } else if (!digits.empty()) {
      sizes.push_back(sizeIn(std::exchange(digits, {})));
    }
  }
  if (!digits.empty()) sizes.push_back(sizeIn(digits));
  if (sizes.empty()) Refuse(node, "the file holds no size");
  return sizes;
}

SExpectation CReader::ReadExpectation(const toml::table& table) const {
  SExpectation expectation;
  if (const toml::node* p_expect = table.get("expect")) {
    const std::string text = TextIn(*p_expect);
    expectation.isOneWay = text == "nothing";
    expectation.isEcho = text == "echo";
    if (text != "nothing" && text != "echo" && text != "reply") Refuse(*p_expect, "expect is reply, echo or nothing");
  }
  if (const toml::node* p_code = table.get("reply_code")) {
    expectation.replyCode = static_cast<uint16_t>(NumberIn(*p_code, 0, kGoAwayCode - 1));
  }
  std::optional<std::vector<std::byte>> bytes;
  if (const toml::node* p_node = table.get("reply_text")) {
    const std::string text = TextIn(*p_node);
    bytes.emplace();
    for (const char letter : text) bytes->push_back(static_cast<std::byte>(letter));
  }
  if (const toml::node* p_node = table.get("reply_hex"))
    bytes = At(*p_node, [&] { return BytesOfHex(TextIn(*p_node)); });
  if (const toml::node* p_node = table.get("reply_fields")) {
    bytes = At(*p_node, [&] { return BytesOfFields(TextIn(*p_node)); });
  }
  if (bytes) expectation.p_body = std::make_unique<CFixedBody>(std::move(*bytes));
  if (const toml::node* p_node = table.get("result")) {
    const auto result = p_node->value_exact<int64_t>();
    if (!result || *result != static_cast<int32_t>(*result)) Refuse(*p_node, "result is a 32-bit number");
    expectation.result = static_cast<int32_t>(*result);
  }
  if (const toml::node* p_node = table.get("reject")) {
    expectation.reject = p_node->is_string() ? ReasonNamed(TextIn(*p_node))
                                             : std::optional(static_cast<uint16_t>(NumberIn(*p_node, 0, 65535)));
    if (!expectation.reject) Refuse(*p_node, fmt::format("'{}' is no reason of a Reject", TextIn(*p_node)));
  }
  return expectation;
}

}  // namespace

CScenario CScenarioFile::Read(const std::string& path, uint32_t depth, CMessageFactory& factory) {
  return CReader(path, depth, factory).Read();
}

}  // namespace switchboard::sim
