#include "logic/CSessionContext.h"

#include <boost/core/demangle.hpp>
#include <stdexcept>
#include <utility>

#include "net/role/CTurn.h"

namespace switchboard {

namespace {

// A value of which only its module knows the type.
// Threads: as CUserState.
class CState final : public CUserState {
 public:
  CState(const void* p_owner, std::type_index ofType, std::shared_ptr<void> p_made)
      : CUserState(p_owner), type(ofType), p_value(std::move(p_made)) {}

  const std::type_index type;
  const std::shared_ptr<void> p_value;
};

}  // namespace

const CSession& CSessionContext::Session() const { return m_turn.Session(); }

SPeer CSessionContext::Peer() const { return m_turn.Connection().Peer(Session().Generation()).value_or(SPeer{}); }

uint16_t CSessionContext::Listener() const { return m_turn.Connection().Listener(); }

void* CSessionContext::Find(const void* p_module, std::type_index type, std::shared_ptr<void> (*p_make)()) {
  std::unique_ptr<CUserState>& p_first = m_turn.Connection().turn.p_state;
  auto* p_state = static_cast<CState*>(CUserState::Find(p_first.get(), p_module));
  if (p_state == nullptr) {
    auto p_new = std::make_unique<CState>(p_module, type, p_make());
    p_state = p_new.get();
    p_new->p_next = std::exchange(p_first, nullptr);
    p_first = std::move(p_new);
  }
  if (p_state->type != type) {
    throw std::logic_error(
        "the state of this session is of another type: " + boost::core::demangle(p_state->type.name()) + ", and not " +
        boost::core::demangle(type.name()));
  }
  return p_state->p_value.get();
}

}  // namespace switchboard
