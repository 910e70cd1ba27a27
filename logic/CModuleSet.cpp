#include "logic/CModuleSet.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "logic/CHandlerTable.h"
#include "logic/CHttpFiles.h"
#include "logic/CRouteTable.h"
#include "misc/thread/CallUser.h"
#include "net/role/CBusinessPool.h"

namespace switchboard {

namespace {

constexpr const char* kFiles = "what serves files";

std::string Unknown(const std::string& what, const char* p_kind, const std::string& name, const char* p_section) {
  return fmt::format("{} is for the {} \"{}\", and no {} has that name", what, p_kind, name, p_section);
}

// The listeners and pools that registrations may name.
class CNames {
 public:
  explicit CNames(const SServerLinks& links) : m_links(links) {}

  // Whether `binding` holds for this listener. Throws when it names one that isn't there.
  bool IsFor(const CModule::CBinding& binding, uint16_t listener, const std::string& what) const {
    const std::vector<SListenerConfig>& listeners = m_links.config.listeners;
    bool isFor = binding.listeners.empty();
    for (const std::string& name : binding.listeners) {
      const bool isThere = std::any_of(listeners.begin(), listeners.end(),
                                       [&](const SListenerConfig& config) { return config.name == name; });
      if (!isThere) throw std::logic_error(Unknown(what, "listener", name, "[[listener]]"));
      isFor |= listeners[listener].name == name;
    }
    return isFor;
  }

  uint8_t PoolOf(const CModule::CBinding& binding, const std::string& what) const {
    const std::string_view name = binding.run == Run::kBlocking ? "blocking" : std::string_view(binding.pool);
    const std::optional<uint8_t> pool = m_links.business.Find(name);
    if (!pool) throw std::logic_error(Unknown(what, "pool", binding.pool, "[[pool.named]]"));
    return *pool;
  }

 private:
  const SServerLinks& m_links;
};

}  // namespace

CModuleSet::CModuleSet(CModule& logic) : m_all{&logic} {}

CModuleSet::~CModuleSet() = default;

void CModuleSet::Add(std::unique_ptr<CModule> p_module) {
  m_all.insert(m_all.end() - 1, p_module.get());
  m_used.push_back(std::move(p_module));
}

void CModuleSet::Bind(const SServerLinks& links) {
  m_p_links = &links;
  UseFiles(links);
  const CNames names(links);
  for (size_t index = 0; index < links.config.listeners.size(); ++index) {
    const auto listener = static_cast<uint16_t>(index);
    auto p_packets = std::make_unique<CHandlerTable>(links, m_all);
    auto p_routes = std::make_unique<CRouteTable>(links);
    for (CModule* p_module : m_all) {
      for (const CModule::SCode& code : p_module->CodeBindings()) {
        const std::string what = "msgCode " + std::to_string(code.msgCode);
        const uint8_t pool = names.PoolOf(code, what);
        if (!names.IsFor(code, listener, what)) continue;
        CheckProtocol(code, listener, what, EListenerProtocol::kPacket);
        p_packets->Add(*p_module, code, pool);
      }
      for (const CModule::SRoute& route : p_module->RouteBindings()) {
        const std::string what = "route " + route.path;
        const uint8_t pool = names.PoolOf(route, what);
        if (!names.IsFor(route, listener, what)) continue;
        CheckProtocol(route, listener, what, EListenerProtocol::kHttp);
        p_routes->Add(*p_module, route, pool);
      }
      if (auto* const p_files = dynamic_cast<CHttpFiles*>(p_module); p_files != nullptr) {
        const uint8_t pool = names.PoolOf(p_files->Binding(), kFiles);
        if (names.IsFor(p_files->Binding(), listener, kFiles)) AddFiles(*p_routes, *p_files, pool, listener);
      }
    }
    m_packets.push_back(std::move(p_packets));
    m_routes.push_back(std::move(p_routes));
  }
  for (CModule* p_module : m_all) p_module->BindTo(links);
  NameUnreachableRoutes();
  NameUnservedRoots();
}

void CModuleSet::UseFiles(const SServerLinks& links) {
  const bool isUsed = std::any_of(m_all.begin(), m_all.end(), [](const CModule* p_module) {
    return dynamic_cast<const CHttpFiles*>(p_module) != nullptr;
  });
  const std::vector<SListenerConfig>& listeners = links.config.listeners;
  const bool isWanted = std::any_of(listeners.begin(), listeners.end(), [](const SListenerConfig& listener) {
    return listener.protocol == EListenerProtocol::kHttp && !listener.root.empty();
  });
  if (isWanted && !isUsed) Add(std::make_unique<CHttpFiles>());
}

void CModuleSet::AddFiles(CRouteTable& routes, CHttpFiles& files, uint8_t pool, uint16_t listener) const {
  const SListenerConfig& config = m_p_links->config.listeners[listener];
  if (config.protocol != EListenerProtocol::kHttp) {
    if (files.Binding().listeners.empty()) return;
    throw std::logic_error(
        fmt::format("{} is for the listener \"{}\", which needs protocol = \"http\"", kFiles, config.name));
  }
  if (!config.root.empty()) routes.SetFiles(files.Open(config), pool);
}

void CModuleSet::CheckProtocol(const CModule::CBinding& binding, uint16_t listener, const std::string& what,
                               EListenerProtocol wanted) const {
  const SListenerConfig& config = m_p_links->config.listeners[listener];
  // What isn't bound to listeners goes to those that can have it.
  if (binding.listeners.empty() || config.protocol == wanted) return;
  throw std::logic_error(fmt::format("{} is for the listener \"{}\", which needs protocol = \"{}\"", what, config.name,
                                     wanted == EListenerProtocol::kHttp ? "http" : "packet"));
}

void CModuleSet::NameUnreachableRoutes() const {
  const std::vector<SListenerConfig>& listeners = m_p_links->config.listeners;
  const bool hasHttp = std::any_of(listeners.begin(), listeners.end(), [](const SListenerConfig& listener) {
    return listener.protocol == EListenerProtocol::kHttp;
  });
  if (hasHttp) return;
  for (const CModule* p_module : m_all) {
    if (p_module->RouteBindings().empty()) continue;
    m_p_links->log.Info("route {} can't be asked for: no [[listener]] has protocol = \"http\"",
                        p_module->RouteBindings().front().path);
  }
}

void CModuleSet::NameUnservedRoots() const {
  for (size_t i = 0; i < m_routes.size(); ++i) {
    const SListenerConfig& config = m_p_links->config.listeners[i];
    if (config.protocol != EListenerProtocol::kHttp || config.root.empty() || m_routes[i]->HasFiles()) continue;
    m_p_links->log.Warn("listener.{}.root: this server has no files for the listener \"{}\"", i, config.name);
  }
}

CPacketHandlers& CModuleSet::PacketsOf(uint16_t listener) { return *m_packets[listener]; }

CHttpHandlers& CModuleSet::RequestsOf(uint16_t listener) { return *m_routes[listener]; }

void CModuleSet::Start() {
  for (CModule* p_module : m_all) p_module->OnWorkerStart();
}

void CModuleSet::OnLost(uint32_t process) {
  for (CModule* p_module : m_all) {
    CallUser([&] { p_module->OnLost(process); },
             [&](std::string_view what) { m_p_links->log.Error("OnLost of process {} threw {}", process, what); });
  }
}

void CModuleSet::Stop() {
  for (auto p_module = m_all.rbegin(); p_module != m_all.rend(); ++p_module) {
    try {
      (*p_module)->OnWorkerStop();
    } catch (const std::exception& error) {
      m_p_links->log.Error("OnWorkerStop threw: {}", error.what());
    } catch (...) {
      m_p_links->log.Error("OnWorkerStop threw something that is no std::exception");
    }
  }
}

}  // namespace switchboard
