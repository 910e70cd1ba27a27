#pragma once

#include <typeindex>

#include "misc/config/CConfigSection.h"
#include "misc/config/CSandboxWishes.h"

namespace switchboard {

// All sections of the configuration that a server knows, each declared by whom it belongs to,
// before anything is read: a logic does it in a public method of this name, which RunServer finds,
// and calls in the program that was started.
//
//   static void Describe(switchboard::CConfigSchema& schema) {
//     schema.Section<SGameConfig>("game", "the rules")
//         .Text("levels", &SGameConfig::levels, "a folder", "of the levels");
//     schema.Sandbox().AllowRead(&SGameConfig::levels);
//   }
//
// The file of such a server has, where it differs from the defaults:
//
//   [game]
//   levels = "/srv/levels"
//
// From then on [game] is a section like all others: -t, a start and a reload check it,
// --set game.levels=… overrides it, --help-config lists it, and a key or a section that nobody
// declared is refused.
// A reload starts new workers, which have the new values from their beginning on: in a worker they
// never change.
// Threads: one, until it is complete; then any.
class CConfigSchema {
 public:
  // Declares [name], whose values are in a T, made with T(): one section for each type, and there
  // whether the file has it or not. CServerCalls::Config<T>() gives it. [outer.name] is a section
  // in [outer], declared before. `about` is for humans. Throws std::logic_error when the name or
  // the type is taken, by the framework or by another module, or the name isn't made of a-z, 0-9
  // and _; that stops the start.
  template <class T>
  CConfigSection<T> Section(std::string_view name, std::string_view about) {
    return Declare<T>(name, about, false);
  }
  // Declares [[name]], of which there may be any number, each with a T of its own:
  // CServerCalls::ConfigList<T>() gives them in the order of the file. --set name.0.key=… overrides
  // the first. Throws as Section.
  //
  //   schema.List<SRoom>("room", "that is always there").Text("title", &SRoom::title, "any text", "on its door");
  template <class T>
  CConfigSection<T> List(std::string_view name, std::string_view about) {
    return Declare<T>(name, about, true);
  }

  // Declares what `p_describe` does, but for sections that are there already: of the same name, and
  // the same type.
  void Complete(void (*p_describe)(CConfigSchema&));

  // What the owners of sections need of the system; whoever declares adds to it.
  CSandboxWishes& Sandbox() { return m_sandbox; }
  const CSandboxWishes& Sandbox() const { return m_sandbox; }

  // The rest is for who reads and shows a configuration.
  // In the order of their declaration; they live as long as anybody has them.
  const std::vector<std::shared_ptr<SConfigSection>>& Sections() const { return m_sections; }
  // By its whole name, such as "server" or "pool.named"; nullptr when there is none.
  std::shared_ptr<const SConfigSection> Find(std::string_view section) const;
  // Every key there is, as "section.key", in the order of their declaration.
  std::vector<std::string> Keys() const;
  // All sections and keys for a human: what each is for, its default, what is allowed, and what a
  // reload can't change.
  std::string Help() const;

 private:
  template <class T>
  CConfigSection<T> Declare(std::string_view name, std::string_view about, bool isList) {
    const auto make = [] { return std::shared_ptr<void>(std::make_shared<T>()); };
    return {Add(name, about, isList, typeid(T), make), [](void* p) -> T& { return *static_cast<T*>(p); }};
  }
  SConfigSection& Add(std::string_view name, std::string_view about, bool isList, std::type_index type,
                      std::function<std::shared_ptr<void>()> make);

  std::vector<std::shared_ptr<SConfigSection>> m_sections;
  bool m_isCompleting = false;
  std::vector<std::shared_ptr<SConfigSection>> m_repeated;  // while that is so: what was there, to be forgotten
  CSandboxWishes m_sandbox;
};

}  // namespace switchboard
