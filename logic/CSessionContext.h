#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include "net/conn/CSession.h"
#include "net/role/CTurn.h"

namespace switchboard {

// The session that a handler or a hook runs for, and what the logic keeps about it.
// Threads: the one that runs the handler, until it returns. Keep Session(), never the context.
class CSessionContext {
 public:
  explicit CSessionContext(CTurn& turn) : m_turn(turn) {}
  CSessionContext(const CSessionContext&) = delete;
  CSessionContext& operator=(const CSessionContext&) = delete;

  // What may be kept, and pushed to later from any thread (CSocket::Send).
  const CSession& Session() const { return m_turn.Session(); }
  // The peer's address and port.
  SPeer Peer() const { return m_turn.Connection().Peer(Session().Generation()).value_or(SPeer{}); }

  // The logic's data of this session: default-constructed at the first use, destroyed after OnDisconnect. Handlers of
  // one session never run at the same time, so it needs no lock. Throws std::logic_error for a second type.
  template <class T>
  T& State() {
    std::unique_ptr<CUserState>& p_state = m_turn.Connection().p_userState;
    if (p_state == nullptr) p_state = std::make_unique<CState<T>>();
    auto* p_typed = dynamic_cast<CState<T>*>(p_state.get());
    if (p_typed == nullptr) throw std::logic_error("the state of this session is of another type");
    return p_typed->value;
  }

 protected:
  CTurn& m_turn;

 private:
  template <class T>
  struct CState final : CUserState {
    T value{};
  };
};

}  // namespace switchboard
