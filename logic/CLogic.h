#pragma once

#include "logic/CModule.h"

namespace switchboard {

class CModuleSet;

// The extension point: a subclass gives each msgCode a handler, and the framework calls it. It is
// the module that a user writes, and the owner of the others. RunServer makes one in each worker
// process.
//
//   class CGameLogic : public switchboard::CLogic {
//    public:
//     CGameLogic() : m_scores(Use<CScores>("scores.db")) {  // of this program, derived from CModule
//       On(kMove, &CGameLogic::HandleMove);
//       Use<switchboard::CFileTransfer>();
//     }
//     static void Describe(switchboard::CConfigSchema& schema);  // its section of the configuration, if it has one
//     void OnWorkerStart() override { m_rules = Config<SGameConfig>(); }
//
// The constructor registers and nothing else: sections, log, timers and sessions are there from
// OnWorkerStart on. It runs in the sandbox already, with the rights of the worker; throwing refuses
// the start, as in OnWorkerStart.
// When all is over, after OnWorkerStop, it is destroyed, its modules with it; a worker that crashes
// destroys nothing.
// Threads: built by the worker's main thread after the fork; then as CModule.
class CLogic : public CModule {
 public:
  CLogic();
  ~CLogic() override;

  // It and the modules that it uses, as a network serves them. Threads: the worker's main thread.
  CModuleSet& Modules() { return *m_p_modules; }

 protected:
  // Adds a module of this type to the server, made with `arguments`; the logic owns it, and the
  // reference is good as long as the logic lives.
  // Its hooks for a beginning (OnWorkerStart, OnConnect) run before the logic's own, in the order
  // of Use; those for an end (OnDisconnect, OnWorkerStop) after it, in the opposite one: so a
  // module may rely on what was used before it. One that throws in OnWorkerStart keeps the later
  // ones from being called; of the other hooks each is called.
  // Two of one type are fine as long as their codes and routes differ. Throws what its constructor
  // throws.
  // Threads: the constructor's.
  template <std::derived_from<CModule> Module, class... Arguments>
  Module& Use(Arguments&&... arguments) {
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
