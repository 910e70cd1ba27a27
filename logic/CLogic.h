#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "logic/CModule.h"

namespace switchboard {

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

 protected:
  // Adds a module of this type to the server, made with `arguments`; the logic owns it. Its hooks for a beginning run
  // before the logic's own, those for an end after. Throws what its constructor throws. Threads: the constructor's.
  template <class Module, class... Arguments>
  requires std::is_base_of_v<CModule, Module> Module& Use(Arguments&&... arguments) {
    auto p_module = std::make_unique<Module>(std::forward<Arguments>(arguments)...);
    Module& module = *p_module;
    Add(std::move(p_module));
    return module;
  }

 private:
  void Add(std::unique_ptr<CModule> p_module);

  std::unique_ptr<CModuleSet> m_p_modules;
};

}  // namespace switchboard
