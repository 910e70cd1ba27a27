#pragma once

#include <cstdint>
#include <vector>

#include "misc/thread/CMutex.h"
#include "net/hub/SHubKey.h"
#include "net/hub/SHubSeat.h"

namespace switchboard {

// What the sessions of this worker are called: writes its seat, and finds the members of a name.
// Threads: any.
class CNameTable {
 public:
  enum class EJoin : uint8_t {
    kJoined,
    kAlready,
    kGone,     // the session has ended
    kTooMany,  // it has joinsPerSession names
    kFull      // the seat has no room for another name or member
  };

  // `seat` is empty, this worker's own, and outlives the table.
  CNameTable(SHubSeat& seat, uint32_t joinsPerSession) : m_seat(seat), m_joinsPerSession(joinsPerSession) {}

  // From its return on the session is found under the name, by all workers.
  EJoin Join(const SHubKey& key, const SHubPlace& session);
  // False when it wasn't there.
  bool Leave(const SHubKey& key, const SHubPlace& session);
  // Completes a login that was joined with stamp 0. False when it has gone.
  bool Stamp(const SHubKey& key, const SHubPlace& session);
  // The session ends: it has no names from now on.
  void Forget(uint32_t slot, uint32_t generation);

  bool Has(const SHubKey& key, const SHubPlace& session);
  // Appends the members of the name.
  void Members(const SHubKey& key, std::vector<SHubPlace>& members);
  uint32_t Count(const SHubKey& key);
  uint32_t Names();

 private:
  // What isn't used: a list of what was, and the places that never were.
  struct SFree {
    uint32_t first = 0;
    uint32_t used = 0;  // places up to here were used once
  };
  struct SSession {
    uint32_t generation = 0;
    uint32_t first = 0;  // of its members; kEnded: it has gone
    uint32_t count = 0;
  };
  static constexpr uint32_t kEnded = UINT32_MAX;

  SHubName& Name(uint32_t place) const { return m_seat.names[place - 1]; }
  SHubMember& Member(uint32_t place) const { return m_seat.members[place - 1]; }
  uint32_t Find(const SHubKey& key) const REQUIRES(m_mutex);
  // The place of a new name without members; 0: there is no room.
  uint32_t Add(const SHubKey& key) REQUIRES(m_mutex);
  void Remove(uint32_t name) REQUIRES(m_mutex);
  SSession& Session(uint32_t slot) REQUIRES(m_mutex);
  // The member of the session under the name, and the one before it in the session's list; 0: none.
  struct SFound {
    uint32_t member = 0;
    uint32_t before = 0;
  };
  SFound FindMember(const SSession& session, uint32_t name) const REQUIRES(m_mutex);
  // Takes a member out of its name's list; the name goes with its last one.
  void Unlink(uint32_t member) REQUIRES(m_mutex);

  SHubSeat& m_seat;
  const uint32_t m_joinsPerSession;

  CMutex m_mutex;
  SFree m_freeNames GUARDED_BY(m_mutex);
  SFree m_freeTexts GUARDED_BY(m_mutex);
  SFree m_freeMembers GUARDED_BY(m_mutex);
  uint32_t m_names GUARDED_BY(m_mutex) = 0;
  std::vector<SSession> m_sessions GUARDED_BY(m_mutex);  // by slot
};

}  // namespace switchboard
