#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>

#include "net/conn/CSession.h"
#include "net/conn/CUserState.h"
#include "net/conn/SPeer.h"

namespace switchboard {

class CTurn;

// The session that a handler or a hook runs for, and what its module keeps about it.
// Threads: the one that runs the handler, until it returns. Keep Session(), never the context.
class CSessionContext {
 public:
  // `p_module` only says whose state State() is.
  CSessionContext(CTurn& turn, const void* p_module) : m_turn(turn), m_p_module(p_module) {}
  CSessionContext(const CSessionContext&) = delete;
  CSessionContext& operator=(const CSessionContext&) = delete;

  // What may be kept, and pushed to later from any thread (CServerCalls::Send).
  const CSession& Session() const;
  // The peer's address and port.
  SPeer Peer() const;
  // The index of the [[listener]] that it came through.
  uint16_t Listener() const;

  // The module's data of this session: default-constructed at the first use, destroyed after OnDisconnect. Handlers of
  // one session never run at the same time, so it needs no lock. Throws std::logic_error for a second type.
  template <class T>
  T& State() {
    return StateOf<T>(m_p_module);
  }
  // As State, of another module.
  template <class T>
  T& StateOf(const void* p_module) {
    CUserState* p_state = CUserState::Find(States().get(), p_module);
    if (p_state == nullptr) p_state = &Add(std::make_unique<CState<T>>(p_module));
    auto* p_typed = dynamic_cast<CState<T>*>(p_state);
    if (p_typed == nullptr) throw std::logic_error("the state of this session is of another type");
    return p_typed->value;
  }

 protected:
  CTurn& m_turn;

 private:
  template <class T>
  struct CState final : CUserState {
    using CUserState::CUserState;
    T value{};
  };
  std::unique_ptr<CUserState>& States();
  CUserState& Add(std::unique_ptr<CUserState> p_state);

  const void* const m_p_module;
};

}  // namespace switchboard
