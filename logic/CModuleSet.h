#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logic/CModule.h"
#include "net/network/CApplication.h"

namespace switchboard {

class CHandlerTable;
class CHttpFiles;
class CRouteTable;

// A logic and the modules that it uses, as one application: its tables of handlers, one for each listener.
// Threads: the worker's main thread.
class CModuleSet final : public CApplication {
 public:
  // `logic` outlives it.
  explicit CModuleSet(CModule& logic);
  ~CModuleSet() override;

  void Add(std::unique_ptr<CModule> p_module);

  // CApplication
  // Throws std::logic_error when a code or a path has two handlers, names a listener or a pool that isn't there,
  // or is bound to a listener of another protocol.
  void Bind(const SServerLinks& links) override;
  CPacketHandlers& PacketsOf(uint16_t listener) override;
  CHttpHandlers& RequestsOf(uint16_t listener) override;
  void Start() override;
  void OnLost(uint32_t process) override;
  void Stop() override;

  // Returns all modules, and calls no hook of theirs from now on: as when their worker has died. Only while nothing
  // runs. For tests.
  std::vector<CModule*> Forsake() { return std::exchange(m_all, {}); }

  // All modules, the logic last. Constant once bound.
  const std::vector<CModule*>& All() const { return m_all; }

 private:
  // Throws std::logic_error when it is bound to a listener without HTTP.
  void AddRoute(CRouteTable& routes, CModule& module, const CModule::SRoute& route, uint8_t pool,
                uint16_t listener) const;
  // Adds what serves files where no module does.
  void UseFiles(const SServerLinks& links);
  // Throws std::logic_error as AddRoute, and std::system_error when the listener's root can't be opened.
  void AddFiles(CRouteTable& routes, CHttpFiles& files, uint8_t pool, uint16_t listener) const;
  // Throws std::logic_error when it is bound to a listener of another protocol.
  void CheckProtocol(const CModule::CBinding& binding, uint16_t listener, const std::string& what,
                     EListenerProtocol wanted) const;
  void NameUnreachableRoutes() const;
  void NameUnservedRoots() const;

  std::vector<std::unique_ptr<CModule>> m_used;
  std::vector<CModule*> m_all;
  const SServerLinks* m_p_links = nullptr;
  std::vector<std::unique_ptr<CHandlerTable>> m_packets;  // by listener
  std::vector<std::unique_ptr<CRouteTable>> m_routes;
};

}  // namespace switchboard
