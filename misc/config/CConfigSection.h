#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "misc/config/CConfigRules.h"

// Over the rule: a method for each kind of key, so that all of them can be seen at a glance.
namespace switchboard {

// Declares the keys of a section, whose values are the members of T; a default is what T's constructor gives.
// `field` is a pointer to a member of T, or a function T& → member&. Each call throws std::logic_error for a key that
// has no proper name (a-z, 0-9 and _) or is there already. Threads: one.
template <class T>
class CConfigSection : private CConfigRules {
 public:
  using CConfigRules::SRange;

  CConfigSection(SConfigSection& section, std::function<T&(void*)> part)
      : m_section(section), m_part(std::move(part)) {}

  template <class Field>
  CConfigSection& Flag(std::string_view name, Field field, std::string_view about) {
    return Add(name, field, "true, false", about, [](const SConfigValue& v, bool& flag) { return Read(v, flag); });
  }
  // A whole number, least and most included.
  template <class Field>
  CConfigSection& Number(std::string_view name, Field field, const SRange& range, std::string_view about) {
    using Type = std::remove_cvref_t<std::invoke_result_t<Field, T&>>;
    static_assert(std::is_integral_v<Type>);
    return Add(
        name, field, Allowed(range), about,
        [range](const SConfigValue& value, Type& member) {
          int64_t number = 0;
          ConfigComplaint complaint = Read(value, range, number);
          if (!complaint) member = static_cast<Type>(number);
          return complaint;
        },
        [](Type number) { return Show(static_cast<int64_t>(number)); });
  }
  template <class Field>
  CConfigSection& Real(std::string_view name, Field field, double least, double most, std::string_view unit,
                       std::string_view about) {
    return Add(name, field, Allowed(least, most, unit), about,
               [=](const SConfigValue& value, double& number) { return Read(value, least, most, number); });
  }
  // Seconds, whole or decimal, down to the millisecond: for a key named …_s.
  template <class Field>
  CConfigSection& Seconds(std::string_view name, Field field, double least, double most, std::string_view about) {
    using Time = std::chrono::milliseconds;
    return Add(
        name, field, Allowed(least, most, "seconds"), about,
        [=](const SConfigValue& value, Time& time) { return ReadSeconds(value, least, most, time); },
        [](Time time) { return Show(static_cast<double>(time.count()) / 1000); });
  }
  // Whole milliseconds: for a key named …_ms.
  template <class Field>
  CConfigSection& Milliseconds(std::string_view name, Field field, int64_t least, int64_t most,
                               std::string_view about) {
    using Time = std::chrono::milliseconds;
    const SRange range{least, most, "milliseconds"};
    return Add(
        name, field, Allowed(range), about,
        [range](const SConfigValue& value, Time& time) {
          int64_t number = 0;
          ConfigComplaint complaint = Read(value, range, number);
          if (!complaint) time = Time(number);
          return complaint;
        },
        [](Time time) { return Show(int64_t{time.count()}); });
  }
  // A string for which isGood holds; `allowed` says in words what that is.
  template <class Field>
  CConfigSection& Text(std::string_view name, Field field, std::string_view allowed, std::string_view about,
                       TextCheck isGood = &IsAnyText) {
    return Add(name, field, allowed, about,
               [isGood](const SConfigValue& value, std::string& text) { return Read(value, isGood, text); });
  }
  // A list of such strings.
  template <class Field>
  CConfigSection& Texts(std::string_view name, Field field, std::string_view allowed, std::string_view about,
                        TextCheck isGood = &IsAnyText) {
    return Add(name, field, allowed, about, [isGood](const SConfigValue& value, std::vector<std::string>& texts) {
      return Read(value, isGood, texts);
    });
  }
  // One of the names, each of which stands for a value.
  template <class Field, class Type = std::remove_cvref_t<std::invoke_result_t<Field, T&>>>
  CConfigSection& OneOf(std::string_view name, Field field,
                        const std::type_identity_t<std::vector<std::pair<std::string, Type>>>& choices,
                        std::string_view about) {
    std::vector<std::string> names;
    for (const auto& [word, value] : choices) names.push_back(word);
    return Add(
        name, field, Allowed(names), about,
        [choices, names](const SConfigValue& value, Type& member) {
          size_t index = 0;
          ConfigComplaint complaint = Read(value, names, index);
          if (!complaint) member = choices[index].second;
          return complaint;
        },
        [choices](const Type& member) {
          for (const auto& [word, value] : choices) {
            if (value == member) return Show(word);
          }
          return std::string();
        });
  }
  // What none of these is: `read` is ConfigComplaint(const SConfigValue&, T&), `show` is std::string(const T&). Can't
  // be Fixed.
  template <class ReadValue, class ShowValue>
  CConfigSection& Special(std::string_view name, std::string_view allowed, std::string_view about, ReadValue read,
                          ShowValue show) {
    Add(name, std::identity{}, allowed, about, std::move(read), std::move(show));
    m_section.keys.back().copy = nullptr;
    return *this;
  }

  // Of the key before: a reload can't change it, and says so when it would. Not in a list.
  CConfigSection& Fixed() {
    m_section.keys.back().isFixed = m_section.keys.back().copy != nullptr && !m_section.isList;
    return *this;
  }
  // Of the key before: each table of the list must have it.
  CConfigSection& Required() {
    m_section.keys.back().isRequired = true;
    return *this;
  }
  // The same section, for keys whose values are members of a part of T.
  template <class Part>
  CConfigSection<Part> Of(Part T::*p_part) {
    return {m_section, [part = m_part, p_part](void* p) -> Part& { return part(p).*p_part; }};
  }

 private:
  template <class Field, class ReadValue>
  CConfigSection& Add(std::string_view name, Field field, std::string_view allowed, std::string_view about,
                      ReadValue read) {
    return Add(name, field, allowed, about, std::move(read), [](const auto& member) { return Show(member); });
  }
  template <class Field, class ReadValue, class ShowValue>
  CConfigSection& Add(std::string_view name, Field field, std::string_view allowed, std::string_view about,
                      ReadValue read, ShowValue show) {
    const auto at = [part = m_part, field](void* p) -> decltype(auto) { return std::invoke(field, part(p)); };
    SConfigKey key{std::string(name), std::string(about), std::string(allowed), {}, false, false, {}, {}, {}};
    key.set = [at, read](const SConfigValue& value, void* p) -> ConfigComplaint { return read(value, at(p)); };
    key.show = [at, show](const void* p) -> std::string { return show(at(const_cast<void*>(p))); };
    key.copy = [at](void* p_to, const void* p_from) { at(p_to) = at(const_cast<void*>(p_from)); };
    m_section.Add(std::move(key));
    return *this;
  }

  SConfigSection& m_section;
  const std::function<T&(void*)> m_part;  // from the section's struct to T
};

}  // namespace switchboard
