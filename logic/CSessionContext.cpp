#include "logic/CSessionContext.h"

#include <utility>

#include "net/role/CTurn.h"

namespace switchboard {

const CSession& CSessionContext::Session() const { return m_turn.Session(); }

SPeer CSessionContext::Peer() const { return m_turn.Connection().Peer(Session().Generation()).value_or(SPeer{}); }

uint16_t CSessionContext::Listener() const { return m_turn.Connection().Listener(); }

std::unique_ptr<CUserState>& CSessionContext::States() { return m_turn.Connection().turn.p_state; }

CUserState& CSessionContext::Add(std::unique_ptr<CUserState> p_state) {
  std::unique_ptr<CUserState>& p_first = States();
  p_state->p_next = std::move(p_first);
  p_first = std::move(p_state);
  return *p_first;
}

}  // namespace switchboard
