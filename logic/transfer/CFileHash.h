#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "logic/transfer/TransferMessages.h"
#include "misc/CDigest.h"

namespace switchboard {

// The digests of a file, made in steps, so that a large one holds nobody up.
// Threads: one owner at a time; Step blocks on the disk.
class CFileHash {
 public:
  // Of the first `size` bytes; SHA-256, and MD5 if wanted.
  CFileHash(uint64_t size, bool isMd5);

  bool IsMd5() const { return m_md5.has_value(); }
  uint64_t Hashed() const { return m_hashed; }
  uint64_t Size() const { return m_size; }
  bool IsDone() const { return m_isDone; }
  // Once IsDone; the MD5 is zeros if it wasn't wanted.
  const Sha256Bytes& Sha256() const { return m_sha256Bytes; }
  const Md5Bytes& Md5() const { return m_md5Bytes; }

  // Hashes up to `most` bytes more of `fd`. A file that has become shorter ends there, and Size() is what it had.
  // Returns 0 or an errno.
  int Step(int fd, uint64_t most = kTransferHashBytes);

 private:
  void Finish();

  uint64_t m_size;
  uint64_t m_hashed = 0;
  bool m_isDone = false;
  CDigest m_sha256{CDigest::EKind::kSha256};
  std::optional<CDigest> m_md5;
  Sha256Bytes m_sha256Bytes{};
  Md5Bytes m_md5Bytes{};
};

}  // namespace switchboard
