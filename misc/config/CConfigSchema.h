#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "misc/config/CConfigSection.h"
#include "misc/config/CSandboxWishes.h"

namespace switchboard {

// All sections that a server knows, each declared by whom it belongs to, before anything is read. Threads: one, until
// it is complete; then any.
class CConfigSchema {
 public:
  // Declares [name], whose values are in a T (one section for each type). Throws std::logic_error when the name or the
  // type is taken, or the name isn't made of a-z, 0-9 and _. [outer.name] is a section in [outer], declared before.
  template <class T>
  CConfigSection<T> Section(std::string_view name, std::string_view about) {
    return Declare<T>(name, about, false);
  }
  // Declares [[name]], of which there may be any number.
  template <class T>
  CConfigSection<T> List(std::string_view name, std::string_view about) {
    return Declare<T>(name, about, true);
  }

  // Declares what `p_describe` does, but for sections that are there already: of the same name, and the same type.
  void Complete(void (*p_describe)(CConfigSchema&));

  // What the owners of sections need of the system.
  CSandboxWishes& Sandbox() { return m_sandbox; }
  const CSandboxWishes& Sandbox() const { return m_sandbox; }

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
  bool m_isCompleting = false;
  std::vector<std::shared_ptr<SConfigSection>> m_repeated;  // while that is so: what was there, to be forgotten
  CSandboxWishes m_sandbox;
};

}  // namespace switchboard
