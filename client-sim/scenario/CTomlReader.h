#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchboard::sim {

// FILE:LINE: what is wrong, and what is allowed.
class CScenarioError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Reads values of a TOML file that must be of one kind; refuses all others with file and line, by a CScenarioError.
// Threads: any; constant after construction.
class CTomlReader {
 public:
  using Names = std::initializer_list<std::string_view>;

  // More than that of another file, which the TOML file names, is refused.
  static constexpr size_t kMaxFileBytes = 16 * 1024 * 1024;

  // `path` is that of the TOML file: complaints begin with it, and other files are looked for beside it.
  explicit CTomlReader(std::string path) : m_path(std::move(path)) {}

  const std::string& Path() const { return m_path; }
  [[noreturn]] void Refuse(const toml::source_region& where, std::string_view why) const {
    throw CScenarioError(fmt::format("{}:{}: {}", m_path, where.begin.line, why));
  }
  [[noreturn]] void Refuse(const toml::node& node, std::string_view why) const { Refuse(node.source(), why); }
  // Runs `read`, and gives its std::invalid_argument a place.
  template <typename Reader>
  auto At(const toml::node& node, Reader read) const {
    try {
      return read();
    } catch (const std::invalid_argument& error) {
      Refuse(node, error.what());
    }
  }

  // The whole file, from its text.
  toml::table Parse(std::string_view text) const;
  void CheckKeys(const toml::table& table, Names known) const;
  const toml::table& TableIn(const toml::node& node) const;
  std::string TextIn(const toml::node& node) const;
  std::vector<std::byte> BytesOfTextIn(const toml::node& node) const;
  uint64_t NumberIn(const toml::node& node, uint64_t lowest, uint64_t highest) const;
  // From 1 on, for a key that may be missing.
  uint64_t NumberOr(const toml::table& table, std::string_view key, uint64_t highest, uint64_t otherwise) const;
  // The content of the regular file that is named there.
  std::vector<std::byte> FileIn(const toml::node& node) const;

 private:
  const std::string m_path;
};

}  // namespace switchboard::sim
