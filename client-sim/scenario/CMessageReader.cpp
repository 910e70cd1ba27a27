#include "client-sim/scenario/CMessageReader.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "net/wire/Counters.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {
namespace {

// The Reject reasons that have a name, by it.
std::optional<uint16_t> ReasonNamed(std::string_view name) {
  for (uint16_t reason = 1; reason < static_cast<uint16_t>(ERejectReason::kByHandler); ++reason) {
    if (ToString(static_cast<ERejectReason>(reason)) == name) return reason;
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<const CMessage> CMessageReader::Read(const std::string& name, const toml::table& table) const {
  m_toml.CheckKeys(table, {"code", "bytes", "text", "hex", "file", "fields", "expect", "reply_code", "reply_text",
                           "reply_hex", "reply_fields", "result", "reject"});
  const toml::node* p_code = table.get("code");
  if (p_code == nullptr) m_toml.Refuse(table, "a message needs a code");
  const auto msgCode = static_cast<uint16_t>(m_toml.NumberIn(*p_code, 0, kRejectCode));
  return std::make_unique<CCustomMessage>(name, msgCode, ReadBody(table), ReadExpectation(table));
}

const toml::node* CMessageReader::OneOf(const toml::table& table, CTomlReader::Names keys,
                                        std::string_view what) const {
  const toml::node* p_found = nullptr;
  for (const std::string_view key : keys) {
    const toml::node* p_node = table.get(key);
    if (p_node != nullptr && p_found != nullptr) {
      std::string names;
      for (const std::string_view name : keys) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
      m_toml.Refuse(*p_node, fmt::format("a message has one {} at most, of {}", what, names));
    }
    if (p_node != nullptr) p_found = p_node;
  }
  return p_found;
}

std::unique_ptr<const CBody> CMessageReader::FixedBody(const toml::node& node, std::vector<std::byte> bytes) const {
  if (bytes.size() > kMaxBodyBytes) m_toml.Refuse(node, fmt::format("a body has at most {} bytes", kMaxBodyBytes));
  return std::make_unique<CFixedBody>(std::move(bytes));
}

std::unique_ptr<const CBody> CMessageReader::ReadBody(const toml::table& table) const {
  const toml::node* p_node = OneOf(table, {"bytes", "text", "hex", "file", "fields"}, "body");
  if (p_node == nullptr) return std::make_unique<CFixedBody>(std::vector<std::byte>());
  if (table.contains("bytes")) return std::make_unique<CPatternBody>(m_pattern, ReadSizes(*p_node));
  if (table.contains("text")) return FixedBody(*p_node, m_toml.BytesOfTextIn(*p_node));
  if (table.contains("file")) return FixedBody(*p_node, m_toml.FileIn(*p_node));
  const auto read = table.contains("hex") ? BytesOfHex : BytesOfFields;
  return FixedBody(*p_node, m_toml.At(*p_node, [&] { return read(m_toml.TextIn(*p_node)); }));
}

std::unique_ptr<const CBody> CMessageReader::ReadReplyBody(const toml::table& table) const {
  const toml::node* p_node = OneOf(table, {"reply_text", "reply_hex", "reply_fields"}, "reply");
  if (p_node == nullptr) return nullptr;
  if (table.contains("reply_text")) return FixedBody(*p_node, m_toml.BytesOfTextIn(*p_node));
  const auto read = table.contains("reply_hex") ? BytesOfHex : BytesOfFields;
  return FixedBody(*p_node, m_toml.At(*p_node, [&] { return read(m_toml.TextIn(*p_node)); }));
}

std::vector<uint16_t> CMessageReader::ReadSizes(const toml::node& node) const {
  if (node.is_integer()) return {static_cast<uint16_t>(m_toml.NumberIn(node, 0, kMaxBodyBytes))};
  const std::string text = m_toml.TextIn(node);
  std::vector<uint16_t> sizes;
  const auto sizeIn = [&](const std::string& digits) {
    const bool isNumber = !digits.empty() && digits.size() < 6 && digits.find_first_not_of("0123456789") == digits.npos;
    const unsigned long size = isNumber ? std::stoul(digits) : std::numeric_limits<unsigned long>::max();
    if (size > kMaxBodyBytes) {
      m_toml.Refuse(
          node, fmt::format("'{}' is no size from 0 to {}: 56, \"16-1024\" or a file of sizes", digits, kMaxBodyBytes));
    }
    return static_cast<uint16_t>(size);
  };
  if (const size_t dash = text.find('-');
      dash != std::string::npos && text.find_first_not_of("0123456789-") == text.npos) {
    const uint16_t highest = sizeIn(text.substr(dash + 1));
    for (uint32_t size = sizeIn(text.substr(0, dash)); size <= highest; ++size) {
      sizes.push_back(static_cast<uint16_t>(size));
    }
    if (sizes.empty()) m_toml.Refuse(node, "the smaller size comes first");
    return sizes;
  }
  if (!text.empty() && text.find_first_not_of("0123456789") == text.npos) return {sizeIn(text)};
  std::string digits;
  for (const std::byte byte : m_toml.FileIn(node)) {
    const char letter = static_cast<char>(byte);
    if (letter != '\n' && letter != ' ' && letter != '\r') {
      digits += letter;
    } else if (!digits.empty()) {
      sizes.push_back(sizeIn(std::exchange(digits, {})));
    }
  }
  if (!digits.empty()) sizes.push_back(sizeIn(digits));
  if (sizes.empty()) m_toml.Refuse(node, "the file holds no size");
  return sizes;
}

SExpectation CMessageReader::ReadExpectation(const toml::table& table) const {
  SExpectation expectation;
  if (const toml::node* p_expect = table.get("expect")) {
    const std::string text = m_toml.TextIn(*p_expect);
    expectation.isOneWay = text == "nothing";
    expectation.isEcho = text == "echo";
    if (text != "nothing" && text != "echo" && text != "reply")
      m_toml.Refuse(*p_expect, "expect is reply, echo or nothing");
  }
  if (const toml::node* p_code = table.get("reply_code")) {
    expectation.replyCode = static_cast<uint16_t>(m_toml.NumberIn(*p_code, 0, kGoAwayCode - 1));
  }
  expectation.p_body = ReadReplyBody(table);
  if (const toml::node* p_node = table.get("result")) {
    const auto result = p_node->value_exact<int64_t>();
    if (!result || *result != static_cast<int32_t>(*result)) m_toml.Refuse(*p_node, "result is a 32-bit number");
    expectation.result = static_cast<int32_t>(*result);
  }
  if (const toml::node* p_node = table.get("reject")) {
    expectation.reject = p_node->is_string() ? ReasonNamed(m_toml.TextIn(*p_node))
                                             : std::optional(static_cast<uint16_t>(m_toml.NumberIn(*p_node, 0, 65535)));
    if (!expectation.reject)
      m_toml.Refuse(*p_node, fmt::format("'{}' is no reason of a Reject", m_toml.TextIn(*p_node)));
  }
  CheckExpectation(table, expectation);
  return expectation;
}

void CMessageReader::CheckExpectation(const toml::table& table, const SExpectation& expectation) const {
  const auto refuse = [&](CTomlReader::Names keys, std::string_view why) {
    for (const std::string_view key : keys) {
      if (const toml::node* p_node = table.get(key)) m_toml.Refuse(*p_node, why);
    }
  };
  constexpr std::string_view kReject = "a message whose right answer is a Reject has no other";
  const CTomlReader::Names kReplies{"reply_code", "reply_text", "reply_hex", "reply_fields", "result"};
  if (expectation.reject) refuse(kReplies, kReject);
  if (expectation.reject && expectation.isEcho) refuse({"expect"}, kReject);
  if (expectation.isOneWay) refuse(kReplies, "nothing is expected, so no answer can be described");
  if (expectation.isOneWay) refuse({"reject"}, "nothing is expected, so no Reject can be");
  if (expectation.isEcho) {
    refuse({"reply_text", "reply_hex", "reply_fields", "result"}, "the body of an echo is known already");
  }
  if (expectation.p_body != nullptr) refuse({"result"}, "the body of the reply, whose front that is, is known already");
}

}  // namespace switchboard::sim
