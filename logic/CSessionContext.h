#pragma once

#include <memory>
#include <typeindex>

#include "net/conn/CSession.h"
#include "net/conn/SPeer.h"

namespace switchboard {

class CTurn;

// The session that a handler or a hook runs for, and what its module keeps about it. CRequest and
// CHttpRequest are one; OnConnect and OnDisconnect get one. An HTTP connection is a session as
// well, of all requests that come over it.
// Threads: the one that runs the handler, until it returns. Keep Session(), never the context: it
// dies with the call.
class CSessionContext {
 public:
  // `p_module` only says whose state State() is. Made by the framework.
  CSessionContext(CTurn& turn, const void* p_module) : m_turn(turn), m_p_module(p_module) {}
  CSessionContext(const CSessionContext&) = delete;

  // What may be kept, and pushed to later from any thread (CServerCalls::Send).
  const CSession& Session() const;
  // The peer's address and port, as accept(2) told them; no system call.
  SPeer Peer() const;
  // The index of the [[listener]] that it came through, from 0, in the order of the configuration.
  uint16_t Listener() const;

  // The module's data of this session, made with T() at the first use, and destroyed after the last
  // OnDisconnect of the session, by the thread that ran it; a worker that crashes destroys none.
  // Each module has one, of one type: asked for as another it throws std::logic_error. What T's
  // constructor throws comes out as well, and the next use tries again.
  // It needs no lock, since handlers and hooks of one session never run at the same time, whatever
  // threads run them. So no other thread may touch it, nor a handler of another session: don't keep
  // the reference.
  // A session that never asks for it costs no memory; one that does, two allocations.
  //
  //   struct SPlayer { uint32_t score = 0; };
  //   request.State<SPlayer>().score += 10;
  template <class T>
  T& State() {
    return StateOf<T>(m_p_module);
  }
  // As State, of another module, which is only compared and never called: the same T that it uses
  // itself. So a helper that is no module can have a state of its own as well, under its own
  // address.
  template <class T>
  T& StateOf(const void* p_module) {
    return *static_cast<T*>(Find(p_module, typeid(T), [] { return std::shared_ptr<void>(std::make_shared<T>()); }));
  }

 protected:
  CTurn& m_turn;

 private:
  void* Find(const void* p_module, std::type_index type, std::shared_ptr<void> (*p_make)());

  const void* const m_p_module;
};

}  // namespace switchboard
