#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "logic/COpenTransfers.h"
#include "logic/CRequest.h"
#include "logic/CTransferStore.h"
#include "logic/STransferConfig.h"
#include "logic/TransferMessages.h"
#include "misc/CLog.h"
#include "misc/CMutex.h"
#include "net/conn/CSession.h"

namespace switchboard {

class CSocket;

// File transfer for any logic: list, stat, get, put and hash of the files beneath transfer.root, as docs/TRANSFER.md
// tells users and clients. A logic owns one, registers its codes with Run::kBlocking under a handler that calls Handle,
// and passes on two of its hooks:
//
//   CMyLogic() { for (const uint16_t code : m_transfer.Codes()) On(code, &CMyLogic::HandleTransfer, Run::kBlocking); }
//   void OnWorkerStart() override { m_transfer.Start(*this); }
//   void OnDisconnect(CSessionContext& context, ECloseReason) override { m_transfer.End(context.Session()); }
//   bool HandleTransfer(CRequest& request) { return m_transfer.Handle(request); }
//
// A request moves one chunk of at most 60 KiB, or hashes 1 MiB: so large files starve nobody, and what a client that
// reads slowly has asked for is bounded like all that is unsent.
// Threads: Handle and End by the handlers of a session, as the framework runs them; Start by OnWorkerStart.
class CFileTransfer {
 public:
  // Takes the msgCodes from `firstCode` on, one for each ETransferCode.
  explicit CFileTransfer(uint16_t firstCode) : m_firstCode(firstCode) {}

  static constexpr size_t kCodes = static_cast<size_t>(ETransferCode::kCount);
  std::array<uint16_t, kCodes> Codes() const;

  // Opens transfer.root of the socket's configuration; with an empty one all requests are rejected as unknown codes.
  // `socket` outlives this. Throws std::runtime_error when the root can't be used.
  void Start(CSocket& socket);
  // Answers the request. False when the framework is to reject it.
  bool Handle(CRequest& request);
  // Closes what the session has open; unfinished uploads stay, to be resumed.
  void End(const CSession& session);

 private:
  bool HandleStat(CRequest& request);
  bool HandleOpen(CRequest& request);
  bool HandleList(CRequest& request);
  bool HandleGet(CRequest& request);
  bool HandleHash(CRequest& request);
  bool HandlePut(CRequest& request);
  bool HandleWrite(CRequest& request);
  bool HandleCommit(CRequest& request);
  bool HandleClose(CRequest& request);

  COpenTransfers& TransfersOf(const CSession& session);
  // nullptr when the session has no such handle.
  SOpenTransfer* Find(const CSession& session, uint32_t handle);
  // Answers with a chunk of the file.
  bool Answer(CRequest& request, const CFd& file, uint64_t offset, uint32_t length);
  void NoteFailure(ETransferStatus status, const char* p_what, std::string_view path);

  // Constant after Start.
  const uint16_t m_firstCode;
  STransferConfig m_config;
  uint32_t m_chunkBytes = kTransferChunkBytes;
  uint32_t m_windowBytes = 0;
  uint32_t m_writeBytes = 0;
  CLog* m_p_log = nullptr;
  std::unique_ptr<CTransferStore> m_p_store;  // null: nothing is served

  CLogLimit m_logLimit;
  std::atomic<uint32_t> m_total{0};  // open in all sessions

  // The lock is for the map alone: what a session has open is touched by its own handlers, one at a time.
  CMutex m_mutex;
  std::unordered_map<CSession, std::unique_ptr<COpenTransfers>> m_sessions GUARDED_BY(m_mutex);
};

}  // namespace switchboard
