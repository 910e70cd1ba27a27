#include "net/hub/CNameTable.h"

#include <algorithm>

#include "net/hub/HubText.h"

namespace switchboard {

namespace {

// While one is there, readers of other processes know that they may see a mixture: what is stored meanwhile is stored
// with release, and so after it began; what they load, they load with acquire, and so before they look at the version
// again. (No fences, which ThreadSanitizer doesn't know.)
class CChange {
 public:
  explicit CChange(std::atomic<uint32_t>& version) : m_version(version) {
    m_version.store(m_version.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  ~CChange() { m_version.store(m_version.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst); }
  CChange(const CChange&) = delete;
  CChange& operator=(const CChange&) = delete;

 private:
  std::atomic<uint32_t>& m_version;
};

}  // namespace

CNameTable::EJoin CNameTable::Join(const SHubKey& key, const SHubPlace& place) {
  const CMutexLock lock(m_mutex);
  SSession& session = Session(place.slot);
  if (session.generation > place.generation) return EJoin::kGone;
  if (session.generation == place.generation && session.first == kEnded) return EJoin::kGone;
  if (session.generation < place.generation) session = {place.generation, 0, 0};
  uint32_t name = Find(key);
  if (name != 0 && FindMember(session, name).member != 0) return EJoin::kAlready;
  if (session.count >= m_joinsPerSession) return EJoin::kTooMany;
  if (m_freeMembers.first == 0 && m_freeMembers.used == SHubSeat::kMembers) return EJoin::kFull;
  if (name == 0) name = Add(key);
  if (name == 0) return EJoin::kFull;

  uint32_t member = m_freeMembers.first;
  if (member != 0) {
    m_freeMembers.first = Member(member).nextOfSession;
  } else {
    member = ++m_freeMembers.used;
  }
  SHubName& joined = Name(name);
  SHubMember& joining = Member(member);
  const uint32_t first = joined.first.load(std::memory_order_relaxed);
  joining.name = name;
  joining.previous = 0;
  joining.nextOfSession = session.first;
  const CChange change(joined.version);
  joining.slot.store(place.slot, std::memory_order_release);
  joining.generation.store(place.generation, std::memory_order_release);
  joining.stamp.store(place.stamp, std::memory_order_release);
  joining.next.store(first, std::memory_order_release);
  if (first != 0) Member(first).previous = member;
  joined.first.store(member, std::memory_order_release);
  joined.count.store(joined.count.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  session.first = member;
  ++session.count;
  return EJoin::kJoined;
}

bool CNameTable::Leave(const SHubKey& key, const SHubPlace& place) {
  const CMutexLock lock(m_mutex);
  SSession& session = Session(place.slot);
  const uint32_t name = Find(key);
  if (name == 0 || session.generation != place.generation) return false;
  const SFound found = FindMember(session, name);
  if (found.member == 0) return false;
  const uint32_t next = Member(found.member).nextOfSession;
  (found.before == 0 ? session.first : Member(found.before).nextOfSession) = next;
  --session.count;
  Unlink(found.member);
  return true;
}

bool CNameTable::Stamp(const SHubKey& key, const SHubPlace& place) {
  const CMutexLock lock(m_mutex);
  const uint32_t name = Find(key);
  const SSession& session = Session(place.slot);
  if (name == 0 || session.generation != place.generation) return false;
  const SFound found = FindMember(session, name);
  if (found.member == 0) return false;
  Member(found.member).stamp.store(place.stamp, std::memory_order_seq_cst);
  return true;
}

void CNameTable::Forget(uint32_t slot, uint32_t generation) {
  const CMutexLock lock(m_mutex);
  SSession& session = Session(slot);
  if (session.generation > generation) return;
  uint32_t member = session.generation == generation && session.first != kEnded ? session.first : 0;
  session = {generation, kEnded, 0};
  while (member != 0) {
    const uint32_t next = Member(member).nextOfSession;
    Unlink(member);
    member = next;
  }
}

bool CNameTable::Has(const SHubKey& key, const SHubPlace& place) {
  const CMutexLock lock(m_mutex);
  const SSession& session = Session(place.slot);
  const uint32_t name = session.generation == place.generation ? Find(key) : 0;
  return name != 0 && FindMember(session, name).member != 0;
}

void CNameTable::Members(const SHubKey& key, std::vector<SHubPlace>& members) {
  const CMutexLock lock(m_mutex);
  const uint32_t name = Find(key);
  if (name == 0) return;
  members.reserve(members.size() + Name(name).count.load(std::memory_order_relaxed));
  for (uint32_t at = Name(name).first.load(std::memory_order_relaxed); at != 0;) {
    const SHubMember& member = Member(at);
    members.push_back({member.slot.load(std::memory_order_relaxed), member.generation.load(std::memory_order_relaxed),
                       member.stamp.load(std::memory_order_relaxed)});
    at = member.next.load(std::memory_order_relaxed);
  }
}

uint32_t CNameTable::Count(const SHubKey& key) {
  const CMutexLock lock(m_mutex);
  const uint32_t name = Find(key);
  return name == 0 ? 0 : Name(name).count.load(std::memory_order_relaxed);
}

uint32_t CNameTable::Names() {
  const CMutexLock lock(m_mutex);
  return m_names;
}

uint32_t CNameTable::Find(const SHubKey& key) const {
  HubText text;
  for (uint32_t at = m_seat.buckets[key.Bucket()].first.load(std::memory_order_relaxed); at != 0;) {
    const SHubName& name = Name(at);
    if (name.hash.load(std::memory_order_relaxed) == key.hash &&
        name.kind.load(std::memory_order_relaxed) == key.kind && LoadHubText(m_seat, name, text) == key.name) {
      return at;
    }
    at = name.next.load(std::memory_order_relaxed);
  }
  return 0;
}

uint32_t CNameTable::Add(const SHubKey& key) {
  const bool isLong = key.name.size() > SHubName::kInline;
  if (m_freeNames.first == 0 && m_freeNames.used == SHubSeat::kNames) return 0;
  if (isLong && m_freeTexts.first == 0 && m_freeTexts.used == SHubSeat::kTexts) return 0;
  uint32_t place = m_freeNames.first;
  if (place != 0) {
    m_freeNames.first = Name(place).next.load(std::memory_order_relaxed);
  } else {
    place = ++m_freeNames.used;
  }
  uint32_t text = 0;
  if (isLong) {
    text = m_freeTexts.first;
    if (text != 0) {
      m_freeTexts.first = static_cast<uint32_t>(m_seat.texts[text - 1].words[0].load(std::memory_order_relaxed));
    } else {
      text = ++m_freeTexts.used;
    }
  }
  SHubBucket& bucket = m_seat.buckets[key.Bucket()];
  SHubName& name = Name(place);
  const CChange change(bucket.version);
  name.hash.store(key.hash, std::memory_order_release);
  name.kind.store(key.kind, std::memory_order_release);
  name.count.store(0, std::memory_order_release);
  name.first.store(0, std::memory_order_release);
  name.text.store(text, std::memory_order_release);
  StoreHubText(m_seat, name, key.name);
  name.next.store(bucket.first.load(std::memory_order_relaxed), std::memory_order_release);
  bucket.first.store(place, std::memory_order_release);
  ++m_names;
  return place;
}

void CNameTable::Remove(uint32_t place) {
  SHubName& name = Name(place);
  SHubBucket& bucket = m_seat.buckets[name.hash.load(std::memory_order_relaxed) % SHubSeat::kBuckets];
  const CChange change(bucket.version);
  std::atomic<uint32_t>* p_link = &bucket.first;
  while (p_link->load(std::memory_order_relaxed) != place) {
    p_link = &Name(p_link->load(std::memory_order_relaxed)).next;
  }
  p_link->store(name.next.load(std::memory_order_relaxed), std::memory_order_relaxed);
  if (const uint32_t text = name.text.load(std::memory_order_relaxed); text != 0) {
    m_seat.texts[text - 1].words[0].store(m_freeTexts.first, std::memory_order_release);
    m_freeTexts.first = text;
  }
  name.next.store(m_freeNames.first, std::memory_order_release);
  m_freeNames.first = place;
  --m_names;
}

CNameTable::SSession& CNameTable::Session(uint32_t slot) {
  if (slot >= m_sessions.size()) m_sessions.resize(std::max<size_t>(slot + 1, m_sessions.size() * 5 / 4));
  return m_sessions[slot];
}

CNameTable::SFound CNameTable::FindMember(const SSession& session, uint32_t name) const {
  if (session.first == kEnded) return {};
  SFound found{session.first, 0};
  while (found.member != 0 && Member(found.member).name != name) {
    found = {Member(found.member).nextOfSession, found.member};
  }
  return found;
}

void CNameTable::Unlink(uint32_t place) {
  SHubMember& member = Member(place);
  const uint32_t namePlace = member.name;
  SHubName& name = Name(namePlace);
  const uint32_t next = member.next.load(std::memory_order_relaxed);
  uint32_t left = 0;
  {
    const CChange change(name.version);
    (member.previous == 0 ? name.first : Member(member.previous).next).store(next, std::memory_order_release);
    if (next != 0) Member(next).previous = member.previous;
    left = name.count.load(std::memory_order_relaxed) - 1;
    name.count.store(left, std::memory_order_release);
  }
  member.nextOfSession = m_freeMembers.first;
  m_freeMembers.first = place;
  if (left == 0) Remove(namePlace);
}

}  // namespace switchboard
