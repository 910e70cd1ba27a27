#include "client-sim/scenario/CTomlReader.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace switchboard::sim {

toml::table CTomlReader::Parse(std::string_view text) const {
  try {
    return toml::parse(text, m_path);
  } catch (const toml::parse_error& error) {
    Refuse(error.source(), error.description());
  }
}

void CTomlReader::CheckKeys(const toml::table& table, Names known) const {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    std::string names;
    for (const std::string_view name : known) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    Refuse(key.source(), fmt::format("'{}' is none of {}", key.str(), names));
  }
}

const toml::table& CTomlReader::TableIn(const toml::node& node) const {
  if (!node.is_table()) Refuse(node, "a table is wanted here");
  return *node.as_table();
}

std::string CTomlReader::TextIn(const toml::node& node) const {
  if (const auto text = node.value_exact<std::string>()) return *text;
  Refuse(node, "a text is wanted here");
}

uint64_t CTomlReader::NumberIn(const toml::node& node, uint64_t lowest, uint64_t highest) const {
  const auto number = node.value_exact<int64_t>();
  if (!number || *number < static_cast<int64_t>(lowest) || *number > static_cast<int64_t>(highest)) {
    Refuse(node, fmt::format("a number from {} to {} is wanted here", lowest, highest));
  }
  return static_cast<uint64_t>(*number);
}

uint64_t CTomlReader::NumberOr(const toml::table& table, std::string_view key, uint64_t highest,
                               uint64_t otherwise) const {
  const toml::node* p_node = table.get(key);
  return p_node == nullptr ? otherwise : NumberIn(*p_node, 1, highest);
}

std::vector<std::byte> CTomlReader::BytesOfTextIn(const toml::node& node) const {
  const std::string text = TextIn(node);
  const auto* p_bytes = reinterpret_cast<const std::byte*>(text.data());
  return {p_bytes, p_bytes + text.size()};
}

std::vector<std::byte> CTomlReader::FileIn(const toml::node& node) const {
  namespace fs = std::filesystem;
  const fs::path path = fs::path(m_path).parent_path() / TextIn(node);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) Refuse(node, fmt::format("{} is no file", path.string()));
  std::vector<std::byte> bytes(std::min<uintmax_t>(fs::file_size(path, error), kMaxFileBytes + 1));
  if (bytes.size() > kMaxFileBytes) {
    Refuse(node, fmt::format("{} has more than {} bytes", path.string(), kMaxFileBytes));
  }
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) Refuse(node, fmt::format("{} can't be read", path.string()));
  return bytes;
}

}  // namespace switchboard::sim
