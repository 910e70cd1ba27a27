#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "logic/transfer/CTransferAccount.h"
#include "logic/transfer/SPartName.h"
#include "logic/transfer/TransferMessages.h"
#include "misc/file/CFd.h"
#include "misc/file/CFileRoot.h"

namespace switchboard {

// A file on its way in: the part that has arrived lies beside the finished files, under a lock that dies with its
// holder, until Commit gives it its name. Dropped before that, the part stays and can be resumed.
// Threads: one owner at a time; the calls block on the disk.
class CUpload {
 public:
  // `part`, beneath `files` under `name`, is locked, entered in `account`, and holds `have` bytes. The references
  // outlive the upload.
  CUpload(const CFileRoot& files, CTransferAccount& account, CFd part, const SPartName& name, uint64_t have)
      : m_files(files), m_account(account), m_part(std::move(part)), m_name(name), m_have(have) {}

  int Fd() const { return m_part.Get(); }
  uint64_t Have() const { return m_have; }
  uint64_t Size() const { return m_name.size; }

  // Appends; kBadOffset unless `offset` is Have() and the bytes are no more than were announced. What was written
  // before the disk was full counts in Have().
  ETransferStatus Write(uint64_t offset, std::span<const std::byte> bytes);
  // Makes it the file `path`; the bytes are on the disk before the name is. On failure nothing has changed.
  ETransferStatus Commit(std::string_view path, bool isReplacing);
  // Removes the part.
  void Discard();

 private:
  const CFileRoot& m_files;
  CTransferAccount& m_account;
  CFd m_part;
  const SPartName m_name;
  uint64_t m_have;
};

}  // namespace switchboard
