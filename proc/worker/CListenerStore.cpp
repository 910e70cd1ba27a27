#include "proc/worker/CListenerStore.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "proc/sys/CAddressInUse.h"
#include "proc/sys/ListeningSockets.h"
#include "proc/worker/Reservation.h"

namespace switchboard {

namespace {

constexpr uint32_t kAboveAllSlots = 256;

CFd DuplicateOf(const CFd& fd) {
  CFd copy(fcntl(fd.Get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.IsValid()) throw std::system_error(errno, std::generic_category(), "fcntl");
  return copy;
}

}  // namespace

void CListenerStore::AddActivated(const SListenerConfig& config, CFd fd) {
  const CSocketAddress address = CSocketAddress::OfSocket(fd.Get());
  const uint64_t inode = SocketInode(fd.Get());
  m_listeners.emplace(m_next++,
                      SListener{config.address, config.port, address, CFd(), std::move(fd), nullptr, {inode}});
}

std::vector<uint32_t> CListenerStore::Reserve(const std::vector<SListenerConfig>& configs) {
  std::set<uint32_t> known;
  for (const auto& [listener, entry] : m_listeners) known.insert(listener);
  std::vector<std::optional<uint32_t>> found = Recognise(configs, known);
  std::vector<uint32_t> numbers;
  try {
    for (size_t i = 0; i < configs.size(); ++i) {
      if (!found[i]) found[i] = Add(configs[i], i, found);
      numbers.push_back(*found[i]);
    }
    for (size_t i = 0; i < configs.size(); ++i) Share(numbers[i], configs[i], i);
  } catch (const std::runtime_error&) {
    Retain(known);
    throw;
  }
  return numbers;
}

// A port that the system has chosen may be named later on: so port 0 comes second.
std::vector<std::optional<uint32_t>> CListenerStore::Recognise(const std::vector<SListenerConfig>& configs,
                                                               std::set<uint32_t> unclaimed) const {
  std::vector<std::optional<uint32_t>> found(configs.size());
  for (const bool isAnyPort : {false, true}) {
    for (size_t i = 0; i < configs.size(); ++i) {
      if ((configs[i].port == 0) != isAnyPort) continue;
      const auto claimed = std::find_if(unclaimed.begin(), unclaimed.end(), [&](uint32_t listener) {
        const SListener& entry = m_listeners.at(listener);
        return entry.host == configs[i].address && (isAnyPort ? entry.port : entry.address.Port()) == configs[i].port;
      });
      if (claimed != unclaimed.end()) found[i] = unclaimed.extract(claimed).value();
    }
  }
  return found;
}

void CListenerStore::Share(uint32_t listener, const SListenerConfig& config, size_t index) {
  SListener& entry = m_listeners.at(listener);
  try {
    if (config.accept == EAcceptMode::kMutex && entry.p_lock == nullptr) entry.p_lock = std::make_shared<CAcceptLock>();
    const bool isShared = config.accept != EAcceptMode::kReusePort && !entry.activated.IsValid();
    const Key key{listener, kSharedSlot};
    if (isShared && !m_kept.contains(key)) Keep(listener, kSharedSlot, Open(listener, config.backlog));
  } catch (const std::system_error& error) {
    throw std::runtime_error(
        fmt::format("listener.{}: cannot listen on {}: {}", index, entry.address.ToString(), error.code().message()));
  }
}

uint32_t CListenerStore::Add(const SListenerConfig& config, size_t index,
                             const std::vector<std::optional<uint32_t>>& found) {
  std::string line = fmt::format("listener.{}.address: ", index);
  try {
    const CSocketAddress wanted(config.address, config.port);
    line = fmt::format("listener.{}: cannot listen on {}: ", index, wanted.ToString());
    CFd reservation = Take(wanted, found);
    const CSocketAddress resolved = CSocketAddress::OfSocket(reservation.Get());
    m_listeners.emplace(m_next, SListener{config.address, config.port, resolved, std::move(reservation), CFd()});
    return m_next++;
  } catch (const std::system_error& error) {
    line += error.code().message();
    if (error.code().value() == EADDRINUSE) throw CAddressInUse(line);
    throw std::runtime_error(line);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(line + error.what());
  }
}

// What is in the way may be the server's own: of a listener that this configuration has changed.
CFd CListenerStore::Take(const CSocketAddress& wanted, const std::vector<std::optional<uint32_t>>& found) const {
  try {
    return ReserveAlone(wanted);
  } catch (const std::system_error& error) {
    if (error.code().value() != EADDRINUSE) throw;
    bool isOwn = false;
    std::set<uint64_t> own;
    for (const auto& [listener, entry] : m_listeners) {
      if (!entry.address.DoesMeet(wanted)) continue;
      const auto place = std::find(found.begin(), found.end(), listener);
      if (place != found.end()) {
        throw std::runtime_error(
            fmt::format("that is listener.{} ({})", place - found.begin(), entry.address.ToString()));
      }
      isOwn = true;
      own.insert(entry.sockets.begin(), entry.sockets.end());
    }
    if (!isOwn) throw;
    return ReserveBeside(wanted, own);
  }
}

void CListenerStore::Retain(const std::set<uint32_t>& listeners) {
  std::erase_if(m_listeners, [&](const auto& entry) { return !listeners.contains(entry.first); });
  std::erase_if(m_kept, [&](const auto& entry) { return !listeners.contains(entry.first.first); });
}

CFd CListenerStore::Open(uint32_t listener, uint32_t backlog) const {
  return OpenListener(m_listeners.at(listener).address, backlog);
}

CFd CListenerStore::Activated(uint32_t listener) const {
  const CFd& activated = m_listeners.at(listener).activated;
  return activated.IsValid() ? DuplicateOf(activated) : CFd();
}

CListenerStore::Key CListenerStore::Keep(uint32_t listener, uint32_t slot, CFd fd) {
  Key key{listener, slot};
  while (m_kept.contains(key)) key.second += kAboveAllSlots;
  const auto entry = m_listeners.find(listener);
  if (entry == m_listeners.end()) return key;
  entry->second.sockets.insert(SocketInode(fd.Get()));
  m_kept.emplace(key, std::move(fd));
  return key;
}

std::vector<CListenerStore::Key> CListenerStore::Kept() const {
  std::vector<Key> keys;
  for (const auto& [key, fd] : m_kept) keys.push_back(key);
  return keys;
}

CFd CListenerStore::Duplicate(const Key& key) const { return DuplicateOf(m_kept.at(key)); }

std::vector<CFd> CListenerStore::DuplicateAll(uint32_t listener) const {
  std::vector<CFd> sockets;
  if (CFd activated = Activated(listener); activated.IsValid()) sockets.push_back(std::move(activated));
  for (const auto& [key, fd] : m_kept) {
    if (key.first == listener) sockets.push_back(DuplicateOf(fd));
  }
  return sockets;
}

void CListenerStore::RingAll() const {
  for (const auto& [listener, entry] : m_listeners) {
    if (entry.p_lock != nullptr) entry.p_lock->Ring();
  }
}

void CListenerStore::CloseKept(uint32_t listener) {
  std::erase_if(m_kept, [listener](const auto& entry) { return entry.first.first == listener; });
}

void CListenerStore::RefuseNewcomers(std::optional<uint32_t> listener) const {
  for (const auto& [key, fd] : m_kept) {
    if (!listener) TurnAwayForGood(fd.Get());
    if (key.first == listener) TurnAwayToOthers(fd.Get());
  }
}

void CListenerStore::CloseAll() {
  m_kept.clear();
  m_listeners.clear();
}

// "0 127.0.0.1 9000 r 5;0 127.0.0.1 9000 1 6;": listener, address and port as configured, what it is (r: reservation,
// a: activated, else the slot that the socket is kept for), descriptor.
std::string CListenerStore::ToText() const {
  std::string text;
  const auto add = [&](uint32_t listener, const std::string& what, const CFd& fd) {
    const SListener& entry = m_listeners.at(listener);
    text += fmt::format("{} {} {} {} {};", listener, entry.host, entry.port, what, fd.Get());
  };
  for (const auto& [listener, entry] : m_listeners) {
    if (entry.reservation.IsValid()) add(listener, "r", entry.reservation);
    if (entry.activated.IsValid()) add(listener, "a", entry.activated);
  }
  for (const auto& [key, fd] : m_kept) add(key.first, std::to_string(key.second), fd);
  return text;
}

std::vector<int> CListenerStore::Descriptors() const {
  std::vector<int> numbers;
  for (const auto& [listener, entry] : m_listeners) {
    if (entry.reservation.IsValid()) numbers.push_back(entry.reservation.Get());
    if (entry.activated.IsValid()) numbers.push_back(entry.activated.Get());
  }
  for (const auto& [key, fd] : m_kept) numbers.push_back(fd.Get());
  return numbers;
}

void CListenerStore::Inherit(const std::string& text) {
  std::istringstream entries(text);
  for (std::string entry; std::getline(entries, entry, ';');) {
    std::istringstream words(entry);
    uint32_t listener = 0;
    std::string host;
    uint16_t port = 0;
    std::string what;
    int number = -1;
    if (!(words >> listener >> host >> port >> what >> number) || fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
      throw std::runtime_error("the listeners of the old binary can't be taken over: " + entry);
    }
    CFd fd(number);
    const CSocketAddress address = CSocketAddress::OfSocket(number);
    SListener& target = m_listeners.try_emplace(listener, SListener{host, port, address, CFd(), CFd()}).first->second;
    m_next = std::max(m_next, listener + 1);
    if (what == "r") {
      target.reservation = std::move(fd);
    } else if (what == "a") {
      target.sockets.insert(SocketInode(number));
      target.activated = std::move(fd);
    } else {
      Keep(listener, static_cast<uint32_t>(std::stoul(what)), std::move(fd));
    }
  }
}

}  // namespace switchboard
