#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

namespace switchboard {

struct SConfigValue;

// What is wrong with a value, in a few words; nothing if it is allowed.
using ConfigComplaint = std::optional<std::string>;

// One key of a section. `p_section` points to the section's struct.
struct SConfigKey {
  std::string name;
  std::string about;
  std::string allowed;
  std::string initial;      // the default, as TOML
  bool isFixed = false;     // a reload can't change it
  bool isRequired = false;  // in each table of a list
  // Stores the value, if it is allowed.
  std::function<ConfigComplaint(const SConfigValue& value, void* p_section)> set;
  std::function<std::string(const void* p_section)> show;  // as TOML
  std::function<void(void* p_to, const void* p_from)> copy;
};

// One section: what its keys are, and how its struct is made.
struct SConfigSection {
  std::string name;
  std::string about;
  bool isList = false;  // [[name]], once for each
  std::type_index type;
  std::function<std::shared_ptr<void>()> make;  // with the defaults
  std::vector<SConfigKey> keys = {};

  const SConfigKey* Find(std::string_view key) const;
  // Throws std::logic_error when the key has no proper name or is there already.
  void Add(SConfigKey key);
};

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

  // Of the key before: a reload can't change it, and says so when it would.
  CConfigSection& Fixed() {
    m_section.keys.back().isFixed = m_section.keys.back().copy != nullptr;
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

// All sections that a server knows, each declared by whom it belongs to, before anything is read. Threads: one, until
// it is complete; then any.
class CConfigSchema {
 public:
  // Declares [name], whose values are in a T (one section for each type). Throws std::logic_error when the name or the
  // type is taken, or the name isn't made of a-z, 0-9 and _.
  template <class T>
  CConfigSection<T> Section(std::string_view name, std::string_view about) {
    return Declare<T>(name, about, false);
  }
  // Declares [[name]], of which there may be any number.
  template <class T>
  CConfigSection<T> List(std::string_view name, std::string_view about) {
    return Declare<T>(name, about, true);
  }

  const std::vector<std::shared_ptr<SConfigSection>>& Sections() const { return m_sections; }
  // nullptr when there is none.
  std::shared_ptr<const SConfigSection> Find(std::string_view section) const;
  // Every key there is, as "section.key", in the order of their declaration.
  std::vector<std::string> Keys() const;
  // All sections and keys for a human: what each is for, its default, what is allowed, and what a reload can't change.
  std::string Help() const;

 private:
  template <class T>
  CConfigSection<T> Declare(std::string_view name, std::string_view about, bool isList) {
    SConfigSection& section = Add({std::string(name), std::string(about), isList, typeid(T),
                                   [] { return std::static_pointer_cast<void>(std::make_shared<T>()); }});
    return {section, [](void* p) -> T& { return *static_cast<T*>(p); }};
  }
  SConfigSection& Add(SConfigSection section);

  std::vector<std::shared_ptr<SConfigSection>> m_sections;
};

}  // namespace switchboard
