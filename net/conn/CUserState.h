#pragma once

#include <memory>

namespace switchboard {

// What a module keeps about a session, of a type that only the module knows; those of a session's modules are chained.
// Threads: whoever runs the connection's turn.
class CUserState {
 public:
  // `p_owner` tells whose it is; it isn't followed.
  explicit CUserState(const void* p_owner) : m_p_owner(p_owner) {}
  virtual ~CUserState() = default;
  CUserState(const CUserState&) = delete;
  CUserState& operator=(const CUserState&) = delete;

  // The one of `p_owner` in the chain that begins here; nullptr when there is none.
  static CUserState* Find(CUserState* p_first, const void* p_owner) {
    while (p_first != nullptr && p_first->m_p_owner != p_owner) p_first = p_first->p_next.get();
    return p_first;
  }

  std::unique_ptr<CUserState> p_next;

 private:
  const void* const m_p_owner;
};

}  // namespace switchboard
