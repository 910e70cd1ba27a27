#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client-sim/message/CTransferClient.h"
#include "client-sim/report/CProgress.h"
#include "client-sim/transfer/CAttempts.h"
#include "client-sim/transfer/TransferOptions.h"
#include "misc/CDigest.h"
#include "misc/file/CFd.h"

namespace switchboard::sim {

// Gets one file: into LOCAL.part, which an interrupted run leaves behind for the next one to go on with, and under its
// own name once it is whole and the same as the server's.
// Threads: one; blocks.
class CGetRun {
 public:
  CGetRun(const STransferOptions& options, CProgress& progress);

  // Throws CLinkLost, CRefused, std::system_error for the local file, and std::runtime_error when what came isn't what
  // the server has.
  void Execute();
  uint64_t Bytes() const { return m_have; }
  // Of them, what had been there before this run.
  uint64_t BytesBefore() const { return m_before; }
  const Sha256Bytes& Sha256() const { return m_sha256; }

 private:
  void OpenPart();
  void Attempt(CTransferClient& client);
  void Fetch(CTransferClient& client, const CTransferClient::SOpened& opened);
  // True when both sides have the same.
  bool Verify(CTransferClient& client, const CTransferClient::SOpened& opened);
  void StartAnew();
  void Finish();

  const STransferOptions& m_options;
  CProgress& m_progress;
  const std::string m_partName;
  CFd m_part;
  uint64_t m_have = 0;
  uint64_t m_before = 0;
  uint64_t m_received = 0;            // by this run
  std::optional<SRemoteFile> m_file;  // as the first attempt saw it
  std::optional<CDigest> m_digest;    // of the first m_have bytes
  Sha256Bytes m_sha256{};
};

}  // namespace switchboard::sim
