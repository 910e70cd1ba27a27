#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <typeindex>
#include <vector>

#include "misc/config/CConfigSchema.h"
#include "misc/config/SConfigSection.h"

namespace switchboard {

// The values of sections, each under the type that its owner has declared for it.
// Threads: any, once they have been read.
class CConfigValues {
 public:
  // The section whose values are in a T. Throws std::logic_error when none was declared.
  template <class T>
  const T& Get() const {
    return *static_cast<const T*>(Get(typeid(T)));
  }
  const void* Get(std::type_index type) const { return Find(type).tables.at(0).get(); }
  template <class T>
  bool Has() const {
    return std::any_of(m_sections.begin(), m_sections.end(),
                       [](const SSection& section) { return section.p_section->type == typeid(T); });
  }
  // The tables of the list that was declared with T. Throws std::logic_error when none was.
  template <class T>
  std::vector<T> List() const {
    std::vector<T> list;
    for (const auto& p_table : Find(typeid(T)).tables) list.push_back(*static_cast<const T*>(p_table.get()));
    return list;
  }
  std::vector<const void*> List(std::type_index type) const {
    std::vector<const void*> list;
    for (const auto& p_table : Find(type).tables) list.push_back(p_table.get());
    return list;
  }
  // The same, and they are here no more: for an owner with a better place for them. Threads: one.
  template <class T>
  T Take() {
    T section = Get<T>();
    Drop(typeid(T));
    return section;
  }
  template <class T>
  std::vector<T> TakeList() {
    std::vector<T> list = List<T>();
    Drop(typeid(T));
    return list;
  }

  // Puts the values of fixed keys of `running` back, and returns the names of the keys that would have changed.
  // Threads: one, while nobody else has a copy of these values.
  std::vector<std::string> KeepFixed(const CConfigValues& running);
  // Of one section: the same, for any struct of it.
  static void KeepFixed(const SConfigSection& section, const void* p_running, void* p_fresh,
                        std::vector<std::string>& ignored);

  bool operator==(const CConfigValues& other) const;

 private:
  friend class CConfigReader;

  struct SSection {
    std::shared_ptr<const SConfigSection> p_section;
    std::vector<std::shared_ptr<void>> tables;  // one, or those of a list
  };

  const SSection& Find(std::type_index type) const;
  void Drop(std::type_index type) {
    std::erase_if(m_sections, [&](const SSection& section) { return section.p_section->type == type; });
  }

  std::vector<SSection> m_sections;
};

}  // namespace switchboard
