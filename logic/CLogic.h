#pragma once

#include "logic/CModule.h"

namespace switchboard {

class CConfigSchema;
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

  // Declares the sections (CServerCalls::Describe) of all modules that the program has a Use of, whether that runs or
  // not. Threads: any.
  static void DescribeModules(CConfigSchema& schema);

 protected:
  // Adds a module of this type to the server, made with `arguments`; the logic owns it, and the
  // reference is good as long as the logic lives.
  // Its hooks for a beginning (OnWorkerStart, OnConnect) run before the logic's own, in the order
  // of Use; those for an end (OnDisconnect, OnWorkerStop) after it, in the opposite one: so a
  // module may rely on what was used before it. One that throws in OnWorkerStart keeps the later
  // ones from being called; of the other hooks each is called.
  // Two of one type are fine as long as their codes and routes differ. Throws what its constructor
  // throws.
  // The sections that the module declares are the program's by this line alone, and its counters.
  // Threads: the constructor's.
  template <std::derived_from<CModule> Module, class... Arguments>
  Module& Use(Arguments&&... arguments) {
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
