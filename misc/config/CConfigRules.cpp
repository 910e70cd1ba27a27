#include "misc/config/CConfigRules.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "misc/config/SConfigSection.h"
#include "misc/config/SpecialKey.h"

namespace switchboard {

namespace {

using std::chrono::milliseconds;

template <class T>
ConfigComplaint Store(const SConfigValue& value, std::string_view kind, T& to) {
  const T* const p_value = value.As<T>();
  if (p_value == nullptr) return value.IsNot(kind);
  to = *p_value;
  return std::nullopt;
}

std::string OutOfRange(const SConfigValue& value) { return value.shown + " is out of range"; }

template <class T>
std::string RangeText(T least, T most, std::string_view unit) {
  return fmt::format("{}..{}{}{}", least, most, unit.empty() ? "" : " ", unit);
}

ConfigComplaint Read(const SConfigValue& value, int64_t least, int64_t most, int64_t& number) {
  if (ConfigComplaint complaint = Store(value, "a whole number", number)) return complaint;
  if (number < least || number > most) return fmt::format("{} is out of range", number);
  return std::nullopt;
}

ConfigComplaint Read(const SConfigValue& value, double least, double most, double& number) {
  const std::optional<double> real = value.AsReal();
  if (!real) return value.IsNot("a number");
  if (!(*real >= least && *real <= most)) return OutOfRange(value);
  number = *real;
  return std::nullopt;
}

ConfigComplaint ReadSeconds(const SConfigValue& value, double least, double most, milliseconds& time) {
  double seconds = 0;
  if (ConfigComplaint complaint = Read(value, least, most, seconds)) return complaint;
  const double rounded = std::round(seconds * 1000);
  // Rounding could make a tiny time a zero, which for some keys means "never".
  if (std::abs(seconds * 1000 - rounded) > 1e-4) return value.shown + " is finer than a millisecond";
  time = milliseconds(static_cast<int64_t>(rounded));
  return std::nullopt;
}

ConfigComplaint Read(const SConfigValue& value, CConfigRules::TextCheck isGood, std::string& text) {
  if (ConfigComplaint complaint = Store(value, "a string", text)) return complaint;
  // The system would cut a path at the NUL.
  if (text.find('\0') != std::string::npos) return value.shown + " holds a NUL";
  if (!isGood(text)) return value.shown + " is not allowed";
  return std::nullopt;
}

ConfigComplaint Read(const SConfigValue& value, CConfigRules::TextCheck isGood, std::vector<std::string>& texts) {
  const auto* const p_list = value.As<SConfigValue::List>();
  if (p_list == nullptr) return value.IsNot("a list");
  texts.clear();
  for (const SConfigValue& item : *p_list) {
    if (ConfigComplaint complaint = Read(item, isGood, texts.emplace_back())) return complaint;
  }
  return std::nullopt;
}

ConfigComplaint Read(const SConfigValue& value, const std::vector<std::string>& names, size_t& index) {
  std::string name;
  if (ConfigComplaint complaint = Store(value, "a string", name)) return complaint;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return value.shown + " is unknown";
  index = static_cast<size_t>(found - names.begin());
  return std::nullopt;
}

template <class T>
T& In(void* p_member) {
  return *static_cast<T*>(p_member);
}

template <class T>
const T& In(const void* p_member) {
  return *static_cast<const T*>(p_member);
}

template <class Rule>
std::shared_ptr<Rule> Shared(Rule rule) {
  return std::make_shared<Rule>(std::move(rule));
}

// For humans, and to compare: what would have to be escaped stays as it is.
std::string Quoted(const std::string& text) { return '"' + text + '"'; }

std::string List(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + Quoted(text);
  return all;
}

}  // namespace

CConfigRules::RulePtr CConfigRules::FlagRule() {
  return Shared<SRule>({"true, false",
                        [](const SConfigValue& value, void* p) { return Store(value, "a boolean", In<bool>(p)); },
                        [](const void* p) -> std::string { return In<bool>(p) ? "true" : "false"; }});
}

CConfigRules::RulePtr CConfigRules::NumberRule(const SRange& range, void (*p_store)(void*, int64_t),
                                               int64_t (*p_load)(const void*)) {
  return Shared<SRule>({RangeText(range.least, range.most, range.unit),
                        [least = range.least, most = range.most, p_store](const SConfigValue& value, void* p) {
                          int64_t number = 0;
                          ConfigComplaint complaint = Read(value, least, most, number);
                          if (!complaint) p_store(p, number);
                          return complaint;
                        },
                        [p_load](const void* p) { return fmt::format("{}", p_load(p)); }});
}

CConfigRules::RulePtr CConfigRules::RealRule(double least, double most, std::string_view unit) {
  return Shared<SRule>({RangeText(least, most, unit),
                        [=](const SConfigValue& value, void* p) { return Read(value, least, most, In<double>(p)); },
                        [](const void* p) { return fmt::format("{}", In<double>(p)); }});
}

CConfigRules::RulePtr CConfigRules::SecondsRule(double least, double most) {
  return Shared<SRule>(
      {RangeText(least, most, "seconds"),
       [=](const SConfigValue& value, void* p) { return ReadSeconds(value, least, most, In<milliseconds>(p)); },
       [](const void* p) { return fmt::format("{}", static_cast<double>(In<milliseconds>(p).count()) / 1000); }});
}

CConfigRules::RulePtr CConfigRules::MillisecondsRule(int64_t least, int64_t most) {
  return NumberRule(
      {least, most, "milliseconds"}, [](void* p, int64_t number) { In<milliseconds>(p) = milliseconds(number); },
      [](const void* p) { return int64_t{In<milliseconds>(p).count()}; });
}

CConfigRules::RulePtr CConfigRules::TextRule(std::string_view allowed, TextCheck isGood) {
  return Shared<SRule>(
      {std::string(allowed),
       [isGood](const SConfigValue& value, void* p) { return Read(value, isGood, In<std::string>(p)); },
       [](const void* p) { return Quoted(In<std::string>(p)); }});
}

CConfigRules::RulePtr CConfigRules::TextsRule(std::string_view allowed, TextCheck isGood) {
  using Texts = std::vector<std::string>;
  return Shared<SRule>({std::string(allowed),
                        [isGood](const SConfigValue& value, void* p) { return Read(value, isGood, In<Texts>(p)); },
                        [](const void* p) { return '[' + List(In<Texts>(p)) + ']'; }});
}

CConfigRules::RulePtr CConfigRules::NamesRule(std::vector<std::string> names, std::function<void(void*, size_t)> store,
                                              std::function<size_t(const void*)> load) {
  return Shared<SRule>({List(names),
                        [names, store = std::move(store)](const SConfigValue& value, void* p) {
                          size_t index = 0;
                          ConfigComplaint complaint = Read(value, names, index);
                          if (!complaint) store(p, index);
                          return complaint;
                        },
                        [names = std::move(names), load = std::move(load)](const void* p) {
                          const size_t index = load(p);
                          return index < names.size() ? Quoted(names[index]) : std::string();
                        }});
}

void CConfigRules::Declare(std::string_view name, std::string_view about, RulePtr rule, Copy copy,
                           std::function<void*(void*)> at) {
  SConfigKey key{std::string(name), std::string(about), rule->allowed, {}, false, false, {}, {}, {}};
  key.set = [at, rule](const SConfigValue& value, void* p) { return rule->read(value, at(p)); };
  key.show = [at, rule = std::move(rule)](const void* p) { return rule->show(at(const_cast<void*>(p))); };
  if (copy != nullptr) {
    key.copy = [at = std::move(at), copy](void* p_to, const void* p_from) {
      copy(at(p_to), at(const_cast<void*>(p_from)));
    };
  }
  m_section.Add(std::move(key));
}

void CConfigRules::MakeFixed() {
  SConfigKey& key = m_section.keys.back();
  key.isFixed = key.copy != nullptr && !m_section.isList;
}

void CConfigRules::MakeRequired() { m_section.keys.back().isRequired = true; }

}  // namespace switchboard
