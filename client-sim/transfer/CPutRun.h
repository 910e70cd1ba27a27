#pragma once

#include <cstdint>
#include <span>

#include "client-sim/message/CTransferClient.h"
#include "client-sim/report/CProgress.h"
#include "client-sim/transfer/CAttempts.h"
#include "client-sim/transfer/TransferOptions.h"
#include "misc/CDigest.h"
#include "misc/file/CFd.h"

namespace switchboard::sim {

// Puts one file: the server keeps what has arrived of it, for the next attempt or run to go on with, and gives it its
// name once it is whole and the same as here.
// Threads: one; blocks.
class CPutRun {
 public:
  CPutRun(const STransferOptions& options, CProgress& progress) : m_options(options), m_progress(progress) {}

  // Throws as CGetRun::Execute.
  void Execute();
  uint64_t Bytes() const { return m_size; }
  uint64_t BytesBefore() const { return m_before; }
  const Sha256Bytes& Sha256() const { return m_sha256; }

 private:
  void Attempt(CTransferClient& client);
  void Send(CTransferClient& client, const CTransferClient::SBegun& begun);
  // True when both sides have the same.
  bool Verify(CTransferClient& client, uint32_t handle);
  void Read(uint64_t offset, std::span<std::byte> room);
  // Of the whole local file.
  void Digest();

  const STransferOptions& m_options;
  CProgress& m_progress;
  CFd m_file;
  uint64_t m_size = 0;
  uint64_t m_before = 0;    // bytes that were there before this run
  uint64_t m_arrived = 0;   // the most that the server has said to have
  bool m_hasBegun = false;  // an attempt of this run has
  uint64_t m_digested = 0;  // bytes from the front that went into m_digest
  CDigest m_digest{CDigest::EKind::kSha256};
  bool m_isDigested = false;
  Sha256Bytes m_sha256{};
};

}  // namespace switchboard::sim
