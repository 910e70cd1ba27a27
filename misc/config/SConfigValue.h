#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace switchboard {

// A configuration that can't be used; what() is one line: "file:line: key: what is wrong; allowed: …".
// The error of an override has the override in the place of file:line and key: "--set business.threads=0: …".
class CConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct SConfigEntry;

// What a configuration file or an override gives for a key, before anybody has looked whether it is allowed.
// Threads: one owner.
struct SConfigValue {
  using List = std::vector<SConfigValue>;
  using Table = std::vector<SConfigEntry>;

  std::variant<std::monostate, bool, int64_t, double, std::string, List, Table> value;  // none of them: a date or time
  std::string shown;                                                                    // as messages show it
  uint32_t line = 0;  // in the file, from 1; 0: of an override

  template <class T>
  const T* As() const {
    return std::get_if<T>(&value);
  }
  // Of a number, whole or not.
  std::optional<double> AsReal() const {
    if (const auto* p_whole = As<int64_t>()) return static_cast<double>(*p_whole);
    if (const auto* p_real = As<double>()) return *p_real;
    return std::nullopt;
  }
  std::string IsNot(std::string_view kind) const { return shown + " is not " + std::string(kind); }
};

struct SConfigEntry {
  std::string name;
  SConfigValue value;
};

}  // namespace switchboard
