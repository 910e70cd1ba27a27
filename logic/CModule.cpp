#include "logic/CModule.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "logic/CRoutePattern.h"
#include "net/http/CHttpPath.h"
#include "net/wire/Wire.h"

namespace switchboard {

CModule::CBinding& CModule::CBinding::OnlyOn(std::string_view listener) {
  listeners.emplace_back(listener);
  return *this;
}

CModule::CBinding& CModule::Register(uint16_t msgCode, Handler p_handler, Run run, std::string pool, Replies replies) {
  const std::string name = "msgCode " + std::to_string(msgCode);
  if (IsBound()) throw std::logic_error(name + ": handlers are registered in the constructor, not after the start");
  if (msgCode >= kGoAwayCode) throw std::logic_error(name + " is reserved for the server");
  if (std::any_of(m_codes.begin(), m_codes.end(), [&](const SCode& code) { return code.msgCode == msgCode; })) {
    throw std::logic_error(name + " has two handlers");
  }
  return m_codes.emplace_back(SCode{{run, std::move(pool), {}}, msgCode, p_handler, replies});
}

CModule::CBinding& CModule::RegisterRoute(std::string_view path, RouteHandler p_handler, Run run, std::string pool) {
  const std::string name = "route " + std::string(path);
  if (IsBound()) throw std::logic_error("routes are registered in the constructor, not after the start");
  CHttpPath resolved;
  if (resolved.Resolve(path).status != 0 || resolved.Full() != path) {
    throw std::logic_error(name + ": a route is a decoded path, \"/\" first, without dot segments and query");
  }
  if (const std::string_view mistake = CRoutePattern::Mistake(path); !mistake.empty()) {
    throw std::logic_error(name + ": " + std::string(mistake));
  }
  if (run == Run::kInline) throw std::logic_error(name + ": handlers of routes run on the business pool");
  if (std::any_of(m_routes.begin(), m_routes.end(), [&](const SRoute& route) { return route.path == path; })) {
    throw std::logic_error(name + " has two handlers");
  }
  return m_routes.emplace_back(SRoute{{run, std::move(pool), {}}, std::string(path), p_handler});
}

}  // namespace switchboard
