#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "logic/transfer/TransferMessages.h"
#include "misc/file/CFd.h"
#include "misc/file/CFileRoot.h"

namespace switchboard {

// A file on its way in: the part that has arrived lies beside the finished files, under a lock that dies with its
// holder, until Commit gives it its name. Dropped before that, the part stays and can be resumed.
// Threads: one owner at a time; the calls block on the disk.
class CUpload {
 public:
  // `part`, beneath `files` under `partPath`, is locked and holds `have` bytes. `files` outlives the upload.
  CUpload(const CFileRoot& files, CFd part, std::string partPath, uint64_t have, uint64_t size)
      : m_files(files), m_part(std::move(part)), m_partPath(std::move(partPath)), m_have(have), m_size(size) {}

  int Fd() const { return m_part.Get(); }
  uint64_t Have() const { return m_have; }
  uint64_t Size() const { return m_size; }

  // Appends; kBadOffset unless `offset` is Have() and the bytes are no more than were announced. What was written
  // before the disk was full counts in Have().
  ETransferStatus Write(uint64_t offset, std::span<const std::byte> bytes);
  // Makes it the file `path`; the bytes are on the disk before the name is. On failure nothing has changed.
  ETransferStatus Commit(std::string_view path, bool isReplacing);
  // Removes the part.
  void Discard();

 private:
  const CFileRoot& m_files;
  CFd m_part;
  const std::string m_partPath;
  uint64_t m_have;
  const uint64_t m_size;
};

}  // namespace switchboard
