#include "net/hub/CHub.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "misc/IsUtf8.h"
#include "net/hub/CCopies.h"
#include "net/hub/CNameReader.h"
#include "net/role/CProtocol.h"
#include "net/role/CTurn.h"

namespace switchboard {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A login's stamp is visible sooner than this after it was taken, or taken anew …
constexpr milliseconds kStampIsFresh{5};
// … so that who waits for one that long has the older one.
constexpr milliseconds kStampPatience{20};

uint64_t Stamp(steady_clock::time_point time) { return static_cast<uint64_t>(time.time_since_epoch().count()); }

SHubPlace PlaceOf(const CSession& session) { return {session.Slot(), session.Generation()}; }

}  // namespace

CHub::CHub(const SHubConfig& config, CHubBoard& board, uint32_t process, CConnectionPool& pool, CSender& sender,
           SInboxes& inboxes, SWorkerPage& page)
    : m_process(process),
      m_pool(pool),
      m_sender(sender),
      m_closer(inboxes),
      m_page(page),
      m_view(board),
      m_names(m_view.Own(), config.joins_per_session),
      m_mesh(config.queue_bytes, [this](uint32_t, std::span<const std::byte> record) { Obey(record); }) {}

std::optional<SHubKey> CHub::KeyOf(ENameKind kind, std::string_view name, const CTally& tally) const {
  if (!name.empty() && name.size() <= SHubText::kMost && IsUtf8(name)) return Key(kind, name);
  tally.Add(ECounter::kHubRefused);
  return std::nullopt;
}

template <class Look>
void CHub::ForOthers(Look look) {
  const uint32_t seats = m_view.Seats();
  for (uint32_t seat = 0; seat < seats; ++seat) {
    const uint32_t process = m_view.ProcessOf(seat);
    if (process == 0 || process == m_process) continue;
    if (const SHubSeat* const p_seat = m_view.Seat(seat); p_seat != nullptr) look(process, *p_seat);
  }
}

bool CHub::Join(const CSession& session, ENameKind kind, std::string_view name, const CTally& tally) {
  const std::optional<SHubKey> key = KeyOf(kind, name, tally);
  if (!key) return false;
  CConnection* const p_connection = m_pool.Find(session);
  // HTTP has no pushes.
  if (p_connection == nullptr || p_connection->Protocol().PushBytes(0) == 0) {
    tally.Add(ECounter::kStaleSessions);
    return false;
  }
  switch (m_names.Join(*key, PlaceOf(session))) {
    case CNameTable::EJoin::kJoined:
    case CNameTable::EJoin::kAlready:
      return true;
    case CNameTable::EJoin::kGone:
      tally.Add(ECounter::kStaleSessions);
      return false;
    case CNameTable::EJoin::kTooMany:
    case CNameTable::EJoin::kFull:
      break;
  }
  tally.Add(ECounter::kHubRefused);
  return false;
}

bool CHub::Leave(const CSession& session, ENameKind kind, std::string_view name) {
  return IsOwn(session) && m_names.Leave(Key(kind, name), PlaceOf(session));
}

// A login is seen by all before its stamp is taken, and looks for others afterwards: so of two, the later one has seen
// the earlier one, and each knows which it is. Nobody has to be asked, and nobody waits for a lock.
bool CHub::Bind(const CSession& session, std::string_view user, Login login, const CTally& tally) {
  if (!Join(session, ENameKind::kUser, user, tally)) return false;
  const SHubKey key = Key(ENameKind::kUser, user);
  SHubPlace place = PlaceOf(session);
  steady_clock::time_point taken;
  do {
    taken = steady_clock::now();
    place.stamp = Stamp(taken);
    if (!m_names.Stamp(key, place)) return false;
  } while (steady_clock::now() > taken + kStampIsFresh);
  if (login == Login::kMany) return true;

  const auto isOlder = [&](const SLogin& other) {
    return other.stamp != 0 && (other.stamp < place.stamp || (other.stamp == place.stamp && other.session < session));
  };
  const std::vector<SLogin> others = LoginsBeside(key, session);
  if (login == Login::kRefuse) {
    if (std::none_of(others.begin(), others.end(), isOlder)) return true;
    m_names.Leave(key, place);
    return false;
  }
  for (const SLogin& other : others) {
    if (!isOlder(other)) continue;
    if (IsOwn(other.session)) {
      CloseOwn(other.session, ECloseReason::kReplaced);
    } else {
      Order(other.session.Process(), {EMeshOrder::kReplace, ENameKind::kUser, 0, other.session, {}, {}}, tally);
    }
  }
  return true;
}

std::vector<CHub::SLogin> CHub::LoginsBeside(const SHubKey& key, const CSession& session) {
  const steady_clock::time_point deadline = steady_clock::now() + kStampPatience;
  for (;;) {
    std::vector<SLogin> logins;
    const auto add = [&](uint32_t process, const std::vector<SHubPlace>& places) {
      for (const SHubPlace& place : places) {
        const CSession other(process, place.slot, place.generation);
        if (other != session) logins.push_back({other, place.stamp});
      }
    };
    std::vector<SHubPlace> places;
    m_names.Members(key, places);
    add(m_process, places);
    ForOthers([&](uint32_t process, const SHubSeat& seat) {
      places.clear();
      CNameReader(seat).Members(key, places);
      add(process, places);
    });
    // One whose stamp isn't there yet is about to write it, unless its process was stopped just then.
    const bool isComplete =
        std::none_of(logins.begin(), logins.end(), [](const SLogin& login) { return login.stamp == 0; });
    if (isComplete || steady_clock::now() > deadline) return logins;
    ::sched_yield();
  }
}

bool CHub::Publish(ENameKind kind, std::string_view name, uint16_t msgCode, std::span<const std::byte> body,
                   const CSession& except, const CTally& tally) {
  const std::optional<SHubKey> key = KeyOf(kind, name, tally);
  if (!key || body.size() > kMaxBodyBytes) return false;
  ForOthers([&](uint32_t process, const SHubSeat& seat) {
    // What changes all the time is there.
    if (CNameReader(seat).Count(*key).value_or(1) == 0) return;
    Order(process, {EMeshOrder::kPublish, kind, msgCode, except, name, body}, tally);
  });
  std::vector<SHubPlace> places;
  m_names.Members(*key, places);
  Deliver(places, msgCode, body, except, tally);
  return true;
}

bool CHub::Broadcast(uint16_t msgCode, std::span<const std::byte> body, const CSession& except, const CTally& tally) {
  if (body.size() > kMaxBodyBytes) return false;
  ForOthers([&](uint32_t process, const SHubSeat&) {
    Order(process, {EMeshOrder::kBroadcast, ENameKind::kRoom, msgCode, except, {}, body}, tally);
  });
  DeliverToAll(msgCode, body, except, tally);
  return true;
}

bool CHub::Send(const CSession& session, uint16_t msgCode, std::span<const std::byte> body, const CTally& tally) {
  if (body.size() > kMaxBodyBytes) return false;
  return Order(session.Process(), {EMeshOrder::kPush, ENameKind::kRoom, msgCode, session, {}, body}, tally);
}

bool CHub::Close(const CSession& session, const CTally& tally) {
  return Order(session.Process(), {EMeshOrder::kClose, ENameKind::kRoom, 0, session, {}, {}}, tally);
}

bool CHub::CloseAll(std::string_view user, const CTally& tally) {
  const std::vector<CSession> sessions = Members(ENameKind::kUser, user);
  for (const CSession& session : sessions) {
    if (IsOwn(session)) {
      CloseOwn(session, ECloseReason::kByHandler);
    } else {
      Close(session, tally);
    }
  }
  return !sessions.empty();
}

uint32_t CHub::Count(ENameKind kind, std::string_view name) {
  const SHubKey key = Key(kind, name);
  uint32_t count = m_names.Count(key);
  ForOthers([&](uint32_t, const SHubSeat& seat) { count += CNameReader(seat).Count(key).value_or(0); });
  return count;
}

std::vector<CSession> CHub::Members(ENameKind kind, std::string_view name) {
  const SHubKey key = Key(kind, name);
  std::vector<CSession> sessions;
  std::vector<SHubPlace> places;
  const auto add = [&](uint32_t process) {
    for (const SHubPlace& place : places) sessions.emplace_back(process, place.slot, place.generation);
  };
  m_names.Members(key, places);
  add(m_process);
  ForOthers([&](uint32_t process, const SHubSeat& seat) {
    places.clear();
    CNameReader(seat).Members(key, places);
    add(process);
  });
  return sessions;
}

bool CHub::Order(uint32_t process, const SMeshOrder& order, const CTally& tally) {
  // Only a process that has a seat has a line, or gets one.
  bool isThere = false;
  ForOthers([&](uint32_t other, const SHubSeat&) { isThere = isThere || other == process; });
  std::vector<std::byte> record;
  WriteMeshOrder(order, record);
  const bool isSent = isThere && m_mesh.Send(process, record, order.IsDuty());
  tally.Add(isSent ? ECounter::kHubPassed : isThere ? ECounter::kHubDropped : ECounter::kStaleSessions);
  return isSent;
}

void CHub::Obey(std::span<const std::byte> record) {
  const CTally tally = CTally::Shared(m_page.shared);
  while (!record.empty()) {
    const std::optional<SMeshOrder> order = ReadMeshOrder(record);
    if (!order) return;
    tally.Add(ECounter::kHubTaken);
    switch (order->order) {
      case EMeshOrder::kPublish: {
        std::vector<SHubPlace> places;
        m_names.Members(Key(order->kind, order->name), places);
        Deliver(places, order->msgCode, order->body, order->session, tally);
        break;
      }
      case EMeshOrder::kBroadcast:
        DeliverToAll(order->msgCode, order->body, order->session, tally);
        break;
      case EMeshOrder::kPush: {
        const SHubPlace place = PlaceOf(order->session);
        if (IsOwn(order->session)) Deliver({&place, 1}, order->msgCode, order->body, {}, tally);
        break;
      }
      case EMeshOrder::kClose:
        CloseOwn(order->session, ECloseReason::kByHandler);
        break;
      case EMeshOrder::kReplace:
        CloseOwn(order->session, ECloseReason::kReplaced);
        break;
    }
  }
}

bool CHub::CloseOwn(const CSession& session, ECloseReason reason) {
  CConnection* const p_connection = m_pool.Find(session);
  return p_connection != nullptr && m_closer.Close(*p_connection, session.Generation(), EPhase::kDraining, reason);
}

void CHub::Deliver(std::span<const SHubPlace> places, uint16_t msgCode, std::span<const std::byte> body,
                   const CSession& except, const CTally& tally) {
  CCopies copies(msgCode, body);
  CTurn* const p_turn = CTurn::Current();
  for (const SHubPlace& place : places) {
    const CSession session(m_process, place.slot, place.generation);
    if (session == except) continue;
    tally.Add(ECounter::kCopiesPublished);
    CConnection* const p_connection = m_pool.Find(session);
    const std::span<const std::byte> packet =
        p_connection != nullptr ? copies.For(p_connection->Protocol()) : std::span<const std::byte>();
    bool isSent = false;
    if (!packet.empty()) {
      // What was answered before comes before it.
      isSent = p_turn != nullptr && p_turn->Session() == session
                   ? p_turn->Put(packet)
                   : m_sender.Write(*p_connection, session.Generation(), packet, tally);
    }
    tally.Add(isSent ? ECounter::kCopiesSent : ECounter::kCopiesMissed);
  }
}

void CHub::DeliverToAll(uint16_t msgCode, std::span<const std::byte> body, const CSession& except,
                        const CTally& tally) {
  std::vector<SHubPlace> places;
  for (uint32_t slot = 0; slot < m_pool.Made(); ++slot) {
    const CConnection& connection = m_pool.At(slot);
    const CSession session = connection.Session();
    if (connection.IsAnswering() && connection.Protocol().PushBytes(0) > 0) {
      places.push_back({slot, session.Generation()});
    }
  }
  Deliver(places, msgCode, body, except, tally);
}

}  // namespace switchboard
