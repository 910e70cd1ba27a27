#include "logic/transfer/CFileHash.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

namespace switchboard {

CFileHash::CFileHash(uint64_t size, bool isMd5) : m_size(size) {
  if (isMd5) m_md5.emplace(CDigest::EKind::kMd5);
}

int CFileHash::Step(int fd, uint64_t most) {
  std::array<std::byte, 65536> block;
  most = std::min(most, m_size - m_hashed);
  while (most > 0) {
    const ssize_t n = ::pread(fd, block.data(), static_cast<size_t>(std::min<uint64_t>(most, block.size())),
                              static_cast<off_t>(m_hashed));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) m_size = m_hashed;
    if (n == 0) break;
    const auto bytes = std::span<const std::byte>(block).first(static_cast<size_t>(n));
    m_sha256.Update(bytes);
    if (m_md5) m_md5->Update(bytes);
    m_hashed += bytes.size();
    most -= bytes.size();
  }
  if (m_hashed == m_size && !m_isDone) Finish();
  return 0;
}

void CFileHash::Finish() {
  m_isDone = true;
  m_sha256.Finish(m_sha256Bytes);
  if (m_md5) m_md5->Finish(m_md5Bytes);
}

}  // namespace switchboard
