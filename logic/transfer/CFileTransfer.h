#pragma once

#include <array>

#include "logic/CModule.h"

namespace switchboard {

// The first msgCode of file transfer, where nothing else is said; it has the eight after it as
// well.
inline constexpr uint16_t kFirstTransferCode = 64;

// File transfer for any logic: list, stat, get, put and hash of the files beneath transfer.root. A
// logic takes it with one line in its constructor:
//
//   Use<CFileTransfer>();
//
// docs/TRANSFER.md has the bytes of requests and answers, and the keys of [transfer].
//  - Nothing outside of the root can be named, whatever links say. Without transfer.writable
//    nothing can be put.
//  - A request moves one chunk of at most 60 KiB, or hashes 1 MiB, on a thread that may block: so
//    large files starve nobody, and what a client that reads slowly has asked for is bounded like
//    all that is unsent.
//  - What is put gets its name when it is whole and durable, by a rename: whoever reads has the old
//    file or the new one.
//  - What a session has open (transfer.max_open, and transfer.max_open_worker of all together) ends
//    with the session. Unfinished uploads stay for transfer.keep_s, to be resumed over any
//    connection to any worker.
//  - Errors of the file system are statuses in the answers. Those that the operator should know are
//    logged, at most one line a second.
// A server has one [transfer]: two of these in a logic share its root.
// Threads: as CModule.
class CFileTransfer : public CModule {
 public:
  // Takes the msgCodes from `firstCode` on, one for each ETransferCode, and registers them with
  // Run::kBlocking. Throws std::logic_error when one of them is taken or reserved.
  explicit CFileTransfer(uint16_t firstCode = kFirstTransferCode);
  ~CFileTransfer() override;

  static constexpr size_t kCodes = 9;
  // In the order of ETransferCode: for a logic that registers them itself.
  std::array<uint16_t, kCodes> Codes() const;

  // Opens transfer.root of the configuration; with an empty one all requests are rejected as
  // unknown codes.
  // Throws std::runtime_error when the root can't be used: isn't there, or can't be written though
  // it should.
  void OnWorkerStart() override { Start(*this); }
  void OnWorkerStop() override;

  // For a logic that owns one without Use, to let only some clients in: its own handler looks, and
  // passes the request on.
  //
  //   void OnWorkerStart() override { m_transfer.Start(*this); }
  //   bool HandleTransfer(CRequest& request) {
  //     if (!request.State<SUser>().isLoggedIn) return request.Reject(kNotLoggedIn);
  //     return m_transfer.Handle(request);
  //   }
  //
  // Start opens as OnWorkerStart; `calls` outlive the object, or OnWorkerStop ends it before. Handle answers a request,
  // and may wait for the disk; false when the framework is to reject it. End is what a session's end once asked for,
  // and does nothing.
  void Start(CServerCalls& calls);
  bool Handle(CRequest& request);
  void End(const CSession&) {}

 private:
  struct SParts;
  const std::unique_ptr<SParts> m_p_parts;
};

}  // namespace switchboard
