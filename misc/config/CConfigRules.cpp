#include "misc/config/CConfigRules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "misc/config/SConfigValue.h"

namespace switchboard {

namespace {

template <class T>
ConfigComplaint Store(const SConfigValue& value, std::string_view kind, T& to) {
  const T* const p_value = value.As<T>();
  if (p_value == nullptr) return value.IsNot(kind);
  to = *p_value;
  return std::nullopt;
}

std::string OutOfRange(const SConfigValue& value) { return value.shown + " is out of range"; }

}  // namespace

std::string CConfigRules::Allowed(const SRange& range) {
  return fmt::format("{}..{}{}{}", range.least, range.most, range.unit.empty() ? "" : " ", range.unit);
}

std::string CConfigRules::Allowed(double least, double most, std::string_view unit) {
  return fmt::format("{}..{}{}{}", least, most, unit.empty() ? "" : " ", unit);
}

std::string CConfigRules::Allowed(const std::vector<std::string>& names) {
  std::string allowed;
  for (const std::string& name : names) allowed += fmt::format("{}\"{}\"", allowed.empty() ? "" : ", ", name);
  return allowed;
}

ConfigComplaint CConfigRules::Read(const SConfigValue& value, bool& flag) { return Store(value, "a boolean", flag); }

ConfigComplaint CConfigRules::Read(const SConfigValue& value, const SRange& range, int64_t& number) {
  if (ConfigComplaint complaint = Store(value, "a whole number", number)) return complaint;
  if (number < range.least || number > range.most) return fmt::format("{} is out of range", number);
  return std::nullopt;
}

ConfigComplaint CConfigRules::Read(const SConfigValue& value, double least, double most, double& number) {
  const std::optional<double> real = value.AsReal();
  if (!real) return value.IsNot("a number");
  if (!(*real >= least && *real <= most)) return OutOfRange(value);
  number = *real;
  return std::nullopt;
}

ConfigComplaint CConfigRules::ReadSeconds(const SConfigValue& value, double least, double most,
                                          std::chrono::milliseconds& time) {
  double seconds = 0;
  if (ConfigComplaint complaint = Read(value, least, most, seconds)) return complaint;
  const double milliseconds = std::round(seconds * 1000);
  // Rounding could make a tiny time a zero, which for some keys means "never".
  if (std::abs(seconds * 1000 - milliseconds) > 1e-4) return value.shown + " is finer than a millisecond";
  time = std::chrono::milliseconds(static_cast<int64_t>(milliseconds));
  return std::nullopt;
}

ConfigComplaint CConfigRules::Read(const SConfigValue& value, TextCheck isGood, std::string& text) {
  if (ConfigComplaint complaint = Store(value, "a string", text)) return complaint;
  // The system would cut a path at the NUL.
  if (text.find('\0') != std::string::npos) return value.shown + " holds a NUL";
  if (!isGood(text)) return value.shown + " is not allowed";
  return std::nullopt;
}

ConfigComplaint CConfigRules::Read(const SConfigValue& value, TextCheck isGood, std::vector<std::string>& texts) {
  const auto* const p_list = value.As<SConfigValue::List>();
  if (p_list == nullptr) return value.IsNot("a list");
  texts.clear();
  for (const SConfigValue& item : *p_list) {
    if (ConfigComplaint complaint = Read(item, isGood, texts.emplace_back())) return complaint;
  }
  return std::nullopt;
}

ConfigComplaint CConfigRules::Read(const SConfigValue& value, const std::vector<std::string>& names, size_t& index) {
  std::string name;
  if (ConfigComplaint complaint = Store(value, "a string", name)) return complaint;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return value.shown + " is unknown";
  index = static_cast<size_t>(found - names.begin());
  return std::nullopt;
}

std::string CConfigRules::Show(bool flag) { return flag ? "true" : "false"; }

std::string CConfigRules::Show(int64_t number) { return fmt::format("{}", number); }

std::string CConfigRules::Show(double number) { return fmt::format("{}", number); }

// For humans, and to compare: what would have to be escaped stays as it is.
std::string CConfigRules::Show(const std::string& text) { return '"' + text + '"'; }

std::string CConfigRules::Show(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + Show(text);
  return '[' + all + ']';
}

}  // namespace switchboard
