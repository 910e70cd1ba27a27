#include "logic/transfer/CUpload.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "logic/transfer/TransferStatus.h"

namespace switchboard {

namespace {

// The disk begins to write while more arrives, so that little is left to wait for at the end.
constexpr uint64_t kWriteBackBytes = 8 * 1024 * 1024;

}  // namespace

ETransferStatus CUpload::Write(uint64_t offset, std::span<const std::byte> bytes) {
  if (offset != m_have || bytes.size() > Size() - m_have) return ETransferStatus::kBadOffset;
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(m_part.Get(), bytes.data(), bytes.size(), static_cast<off_t>(m_have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return StatusOf(CFileRoot::ErrorOf(errno));
    const auto written = static_cast<uint64_t>(n);
    const uint64_t before = m_have / kWriteBackBytes * kWriteBackBytes;
    m_have += written;
    if (m_have - before >= kWriteBackBytes) {
      ::sync_file_range(m_part.Get(), static_cast<off_t>(before), kWriteBackBytes, SYNC_FILE_RANGE_WRITE);
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return ETransferStatus::kOk;
}

ETransferStatus CUpload::Commit(std::string_view path, bool isReplacing) {
  if (m_have != Size()) return ETransferStatus::kBadOffset;
  // Without this, a power cut could leave the name and lose the bytes.
  if (::fdatasync(m_part.Get()) != 0) return StatusOf(CFileRoot::ErrorOf(errno));
  const SOpenedFile before = isReplacing ? m_files.Status(path) : SOpenedFile{{}, {}, EFileError::kNotFound};
  const EFileError error = m_files.Rename(m_name.Path(), path, isReplacing);
  if (error != EFileError::kNone) return StatusOf(error);
  const bool isReplaced = before.error == EFileError::kNone;
  m_account.NoteFinished(m_name,
                         isReplaced ? std::optional(static_cast<uint64_t>(before.status.st_size)) : std::nullopt);
  m_files.SyncDirectoryOf(path);
  return ETransferStatus::kOk;
}

void CUpload::Discard() {
  m_files.Unlink(m_name.Path());
  m_account.NoteRemoved(m_name);
}

}  // namespace switchboard
