#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "logic/CModule.h"

namespace switchboard {

class CConfigSchema;
class CModuleSet;

// The extension point: a subclass gives each msgCode a handler, and the framework calls it. It is the module that a
// user writes, and the owner of the others.
// Threads: built by the worker's main thread after the fork; then as CModule.
class CLogic : public CModule {
 public:
  CLogic();
  ~CLogic() override;

  // It and the modules that it uses, as a network serves them. Threads: the worker's main thread.
  CModuleSet& Modules() { return *m_p_modules; }

  // Declares the sections (CServerCalls::Describe) of all modules that the program has a Use of, whether that runs or
  // not. Threads: any.
  static void DescribeModules(CConfigSchema& schema);

 protected:
  // Adds a module of this type to the server, made with `arguments`; the logic owns it. Its hooks for a beginning run
  // before the logic's own, those for an end after. Throws what its constructor throws. Threads: the constructor's.
  // The sections that the module declares are the program's by this line alone, and its counters.
  template <class Module, class... Arguments>
  requires std::is_base_of_v<CModule, Module> Module& Use(Arguments&&... arguments) {
    static_assert(
        requires(CConfigSchema & schema) { Module::Describe(schema); },
        "Describe must be public, and static void Describe(switchboard::CConfigSchema&)");
    static_cast<void>(&kSections<Module>);
    auto p_module = std::make_unique<Module>(std::forward<Arguments>(arguments)...);
    Module& module = *p_module;
    Add(std::move(p_module));
    return module;
  }

 private:
  // One module type of the program, in a list that is complete before main() begins: the configuration is checked in
  // the master, and with -t, where no logic is ever built.
  struct SSections {
    explicit SSections(void (*p_describeThem)(CConfigSchema&)) noexcept;
    void (*const p_describe)(CConfigSchema&);
    const SSections* const p_next;
    static const SSections* g_p_first;
  };
  template <class Module>
  inline static const SSections kSections{&Module::Describe};

  void Add(std::unique_ptr<CModule> p_module);

  std::unique_ptr<CModuleSet> m_p_modules;
};

}  // namespace switchboard
