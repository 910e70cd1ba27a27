#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "misc/count/CTally.h"
#include "net/config/SHubConfig.h"
#include "net/conn/CCloser.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CSession.h"
#include "net/hub/CHubBoard.h"
#include "net/hub/CMesh.h"
#include "net/hub/CNameTable.h"
#include "net/hub/Login.h"
#include "net/hub/SMeshOrder.h"
#include "net/role/CSender.h"

namespace switchboard {

// The rooms and users of the server, and the ways to their sessions, whichever worker has them.
// A name is in shared memory before Join returns, so who publishes asks nobody; what is for other workers goes there as
// one record each, with one body.
// Threads: any, but for Start and Stop (and what says otherwise).
class CHub {
 public:
  // All references outlive it. `process` is the number of this worker process.
  CHub(const SHubConfig& config, CHubBoard& board, uint32_t process, CConnectionPool& pool, CSender& sender,
       SInboxes& inboxes, SWorkerPage& page);

  // Threads (these four): the worker's main thread. Start throws std::system_error.
  void Start() { m_mesh.Start(); }
  void Stop() { m_mesh.Stop(); }
  void AddPeer(uint32_t process, CFd fd) { m_mesh.Add(process, std::move(fd)); }
  void RemovePeer(uint32_t process) { m_mesh.Remove(process); }
  bool IsIdle() { return m_mesh.IsIdle(); }

  bool IsOwn(const CSession& session) const { return session.Process() == m_process; }
  // What the logic's words do: see CHubCalls.
  bool Join(const CSession& session, ENameKind kind, std::string_view name, const CTally& tally);
  bool Leave(const CSession& session, ENameKind kind, std::string_view name);
  bool Bind(const CSession& session, std::string_view user, Login login, const CTally& tally);
  bool Publish(ENameKind kind, std::string_view name, uint16_t msgCode, std::span<const std::byte> body,
               const CSession& except, const CTally& tally);
  bool Broadcast(uint16_t msgCode, std::span<const std::byte> body, const CSession& except, const CTally& tally);
  // To sessions of other workers: true when it is on its way there.
  bool Send(const CSession& session, uint16_t msgCode, std::span<const std::byte> body, const CTally& tally);
  bool Close(const CSession& session, const CTally& tally);
  uint32_t Count(ENameKind kind, std::string_view name);
  std::vector<CSession> Members(ENameKind kind, std::string_view name);
  bool CloseAll(std::string_view user, const CTally& tally);

  // The session ends: it has no names any more, and gets none. Threads: whoever runs its last turn.
  void Forget(const CSession& session) { m_names.Forget(session.Slot(), session.Generation()); }

 private:
  struct SLogin {
    CSession session;
    uint64_t stamp = 0;
  };

  // nullopt, counted, when it is no name.
  std::optional<SHubKey> KeyOf(ENameKind kind, std::string_view name, const CTally& tally) const;
  SHubKey Key(ENameKind kind, std::string_view name) const { return {kind, name, m_view.Hash(kind, name)}; }
  // Calls `look(process, seat)` for each other process that lives.
  template <class Look>
  void ForOthers(Look look);
  // Sends an order to another process.
  bool Order(uint32_t process, const SMeshOrder& order, const CTally& tally);
  // Pushes to these sessions of this worker.
  void Deliver(std::span<const SHubPlace> places, uint16_t msgCode, std::span<const std::byte> body,
               const CSession& except, const CTally& tally);
  void DeliverToAll(uint16_t msgCode, std::span<const std::byte> body, const CSession& except, const CTally& tally);
  bool CloseOwn(const CSession& session, ECloseReason reason);
  // Of a user, but for one session.
  std::vector<SLogin> LoginsBeside(const SHubKey& key, const CSession& session);
  // Threads: sb-hub.
  void Obey(std::span<const std::byte> record);

  const uint32_t m_process;
  CConnectionPool& m_pool;
  CSender& m_sender;
  CCloser m_closer;
  SWorkerPage& m_page;
  CHubView m_view;
  CNameTable m_names;
  CMesh m_mesh;
};

}  // namespace switchboard
