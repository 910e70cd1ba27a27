#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "logic/CModule.h"

namespace switchboard {

class CFd;
class COpenTransfers;
class CTransferStore;
enum class ETransferStatus : uint16_t;
struct SOpenTransfer;

// The first msgCode of file transfer, where nothing else is said; it has the eight after it as well.
inline constexpr uint16_t kFirstTransferCode = 64;

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
  ~CFileTransfer() override;

  static constexpr size_t kCodes = 9;
  std::array<uint16_t, kCodes> Codes() const;

  // Opens transfer.root of the configuration; with an empty one all requests are rejected as unknown codes.
  // Throws std::runtime_error when the root can't be used.
  void OnWorkerStart() override { Start(*this); }
  void OnWorkerStop() override;

  // For a logic that owns one without Use, and has its own handler call it: opens as OnWorkerStart (the end, from the
  // logic's own OnWorkerStop or the destructor, is OnWorkerStop), answers a request (false when the framework is to
  // reject it), and what a session's end once asked for.
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

  COpenTransfers& TransfersOf(CRequest& request);
  // nullptr when the session has no such handle.
  SOpenTransfer* Find(CRequest& request, uint32_t handle);
  // Answers with a chunk of the file.
  bool Answer(CRequest& request, const CFd& file, uint64_t offset, uint32_t length);
  void NoteFailure(ETransferStatus status, const char* p_what, std::string_view path);

  const uint16_t m_firstCode;
  struct SParts;
  const std::unique_ptr<SParts> m_p_parts;
};

}  // namespace switchboard
