#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "misc/file/CFd.h"
#include "net/accept/CAcceptLock.h"
#include "net/config/CConfig.h"
#include "proc/sys/CSocketAddress.h"

namespace switchboard {

// The listening addresses of a server, and the sockets that its workers opened on them.
//
// The master reserves each address while there is still a terminal to say "address in use" on. Each worker opens its
// own SO_REUSEPORT socket and hands a duplicate to the master, which keeps it here by (listener, slot): when the worker
// dies, its accept queue lives on, and the next worker of the slot adopts it. So does the next generation of workers,
// and the next binary.
//
// With accept = "mutex" or "dispatch" there is one listening socket instead, the shared one, which the master opens
// with the reservation, and keeps here as the socket of a slot that no worker has: kSharedSlot. Where the configuration
// changes from one to the other, nothing is closed, so that nobody in a queue is reset: what there was is served on.
//
// A listener has a number for life, because a reload may change its place in the configuration.
// Threads: one in each process. A forked worker has a copy of its own.
class CListenerStore {
 public:
  // (listener, slot)
  using Key = std::pair<uint32_t, uint32_t>;

  // Above all slots, and above what Keep makes of them.
  static constexpr uint32_t kSharedSlot = 1u << 31;

  // Takes a socket that listens already: the service manager has opened it for the listener of this address and port,
  // and all workers share it.
  void AddActivated(const SListenerConfig& config, CFd fd);

  // Reserves the addresses of a configuration: those that are there already (same address, same port) stay, and of the
  // others it makes sure that nobody else is bound to them, resolves port 0, and holds them; where an address meets one
  // that this configuration doesn't have any more (0.0.0.0 and 127.0.0.1 with one port), both are there until Retain or
  // CloseKept. Opens the shared sockets that aren't there. Returns the numbers of the listeners, in order. Throws
  // std::runtime_error with one line that names listener and address, CAddressInUse where that is why, and changes
  // nothing then.
  std::vector<uint32_t> Reserve(const std::vector<SListenerConfig>& configs);
  // Closes what belongs to other listeners than these.
  void Retain(const std::set<uint32_t>& listeners);

  // "127.0.0.1:9000"; the port is never 0.
  std::string Address(uint32_t listener) const { return m_listeners.at(listener).address.ToString(); }

  // A new listening socket, non-blocking, beside the others of this listener. Throws std::system_error.
  CFd Open(uint32_t listener, uint32_t backlog) const;
  // The activated socket, whose duplicate the caller owns; invalid when the listener has none.
  CFd Activated(uint32_t listener) const;

  // Duplicates of all listening sockets of a listener, for a master that accepts itself. Throws std::system_error.
  std::vector<CFd> DuplicateAll(uint32_t listener) const;
  // What those who share the listener's socket share besides; nullptr unless it is accept = "mutex".
  std::shared_ptr<CAcceptLock> Lock(uint32_t listener) const { return m_listeners.at(listener).p_lock; }
  // Wakes one worker of each shared socket: another one may have died with a wake-up that was meant for a client.
  void RingAll() const;

  // Keeps a socket under the returned key: when the slot has one already, which has clients in its queue too, under a
  // higher number instead of the slot. Nothing is kept of a listener that is gone.
  Key Keep(uint32_t listener, uint32_t slot, CFd fd);
  bool Keeps(const Key& key) const { return m_kept.contains(key); }
  // What is kept, in order.
  std::vector<Key> Kept() const;
  // A duplicate of a kept socket. Throws std::system_error.
  CFd Duplicate(const Key& key) const;
  // Closes what is kept of a listener that gets no worker any more, so that no client waits in its accept queues.
  void CloseKept(uint32_t listener);
  // From now on nobody can begin to connect to the kept sockets, in whatever process they are; who waits in the accept
  // queues is not affected, so that these have an end. There is no way back. Of all listeners at the end of the server:
  // TurnAwayForGood; of one that goes: TurnAwayToOthers.
  void RefuseNewcomers(std::optional<uint32_t> listener = std::nullopt) const;
  // Closes everything, reservations included.
  void CloseAll();

  // For the next binary: all of this in one line, and the descriptors that it names.
  std::string ToText() const;
  std::vector<int> Descriptors() const;
  // Takes over what that line names. Throws std::runtime_error with one line when it can't be understood.
  void Inherit(const std::string& text);

 private:
  struct SListener {
    std::string host;  // as configured, and what Reserve knows it by
    uint16_t port = 0;
    CSocketAddress address;
    CFd reservation;
    CFd activated;
    std::shared_ptr<CAcceptLock> p_lock = nullptr;
    std::set<uint64_t> sockets = {};  // the inodes of all that listen for it, also of those that are closed here
  };

  // The numbers of those that are there already, each once.
  std::vector<std::optional<uint32_t>> Recognise(const std::vector<SListenerConfig>& configs,
                                                 std::set<uint32_t> unclaimed) const;
  // `found` are the listeners of the configuration so far, in order.
  uint32_t Add(const SListenerConfig& config, size_t index, const std::vector<std::optional<uint32_t>>& found);
  CFd Take(const CSocketAddress& wanted, const std::vector<std::optional<uint32_t>>& found) const;
  void Share(uint32_t listener, const SListenerConfig& config, size_t index);

  uint32_t m_next = 0;
  std::map<uint32_t, SListener> m_listeners;
  std::map<Key, CFd> m_kept;
};

}  // namespace switchboard
