#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "misc/config/SConfigSection.h"

namespace switchboard {

// What every CConfigSection needs whatever its struct: the rules for values, and how they look as TOML.
class CConfigRules {
 public:
  struct SRange {
    int64_t least;
    int64_t most;
    std::string unit = {};  // such as "bytes", "connections (0: no limit)"
  };
  using TextCheck = bool (*)(const std::string&);
  static bool IsAnyText(const std::string&) { return true; }

 protected:
  static std::string Allowed(const SRange& range);
  static std::string Allowed(double least, double most, std::string_view unit);
  static std::string Allowed(const std::vector<std::string>& names);
  static ConfigComplaint Read(const SConfigValue& value, bool& flag);
  static ConfigComplaint Read(const SConfigValue& value, const SRange& range, int64_t& number);
  static ConfigComplaint Read(const SConfigValue& value, double least, double most, double& number);
  static ConfigComplaint ReadSeconds(const SConfigValue& value, double least, double most,
                                     std::chrono::milliseconds& time);
  static ConfigComplaint Read(const SConfigValue& value, TextCheck isGood, std::string& text);
  static ConfigComplaint Read(const SConfigValue& value, TextCheck isGood, std::vector<std::string>& texts);
  static ConfigComplaint Read(const SConfigValue& value, const std::vector<std::string>& names, size_t& index);
  static std::string Show(bool flag);
  static std::string Show(int64_t number);
  static std::string Show(double number);
  static std::string Show(const std::string& text);
  static std::string Show(const std::vector<std::string>& texts);
};

}  // namespace switchboard
