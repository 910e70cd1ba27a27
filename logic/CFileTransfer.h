#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "logic/CModule.h"
#include "logic/COpenTransfers.h"
#include "logic/CTransferStore.h"
#include "logic/MsgCode.h"
#include "logic/TransferMessages.h"
#include "misc/CLog.h"
#include "net/config/CConfig.h"

namespace switchboard {

// File transfer for any logic: list, stat, get, put and hash of the files beneath transfer.root, as docs/TRANSFER.md
// tells users and clients. A logic takes it with one line in its constructor:
//
//   Use<CFileTransfer>();
//
// A request moves one chunk of at most 60 KiB, or hashes 1 MiB: so large files starve nobody, and what a client that
// reads slowly has asked for is bounded like all that is unsent. What a session has open ends with the session;
// unfinished uploads stay, to be resumed.
// Threads: as CModule.
class CFileTransfer : public CModule {
 public:
  // Takes the msgCodes from `firstCode` on, one for each ETransferCode.
  explicit CFileTransfer(uint16_t firstCode = kFirstTransferCode);

  static constexpr size_t kCodes = static_cast<size_t>(ETransferCode::kCount);
  std::array<uint16_t, kCodes> Codes() const;

  // Opens transfer.root of the configuration; with an empty one all requests are rejected as unknown codes.
  // Throws std::runtime_error when the root can't be used.
  void OnWorkerStart() override { Start(*this); }

  // For a logic that owns one without Use, and has its own handler call it: opens as OnWorkerStart, answers a request
  // (false when the framework is to reject it), and what a session's end once asked for.
  void Start(CServerCalls& calls);
  bool Handle(CRequest& request);
  void End(const CSession&) {}

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

  // What the session has open.
  struct SSessionState {
    std::optional<COpenTransfers> open;
  };
  COpenTransfers& TransfersOf(CRequest& request);
  // nullptr when the session has no such handle.
  SOpenTransfer* Find(CRequest& request, uint32_t handle) { return TransfersOf(request).Find(handle); }
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
};

}  // namespace switchboard
