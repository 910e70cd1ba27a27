#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "logic/transfer/CUpload.h"
#include "logic/transfer/STransferConfig.h"
#include "logic/transfer/TransferMessages.h"
#include "misc/CLog.h"
#include "misc/file/CFd.h"
#include "misc/file/CFileRoot.h"

namespace switchboard {

// The files beneath transfer.root, for any number of workers at the same time: opens those that are there, and takes
// new ones by way of the directory kParts, where an unfinished upload is named after the path that it is for and its
// size. Clients see neither that directory nor anything outside of the root.
// Threads: any; the calls block on the disk.
class CTransferStore {
 public:
  static constexpr const char* kParts = ".parts";

  // Never more than `mostAdmitting` calls of Begin at the same time wait for the disk to add up what is there; one that
  // comes on top is kBusy. `log` outlives the store. Throws std::system_error, which names the root or what is wrong in
  // it.
  CTransferStore(const STransferConfig& config, uint32_t mostAdmitting, CLog& log);

  struct SOpened {
    ETransferStatus status = ETransferStatus::kOk;
    CFd fd;             // valid with kOk
    SStatReply stat{};  // its `status` is the same
  };
  // A regular file or a directory, for reading; the empty path is the root.
  SOpened Open(std::string_view path) const;

  struct SBegun {
    ETransferStatus status = ETransferStatus::kOk;
    std::unique_ptr<CUpload> p_upload;  // with kOk
  };
  // Begins, or goes on with, the upload of a file of `size` bytes. `flags` as in SPutBody. The room that it will need
  // is reserved, as far as the file system can do that.
  SBegun Begin(std::string_view path, uint64_t size, uint8_t flags) const;

  // Removes the uploads that were not written to for transfer.keep_s and that nobody holds.
  void RemoveAbandoned() const;

 private:
  // A file of that name may come to be.
  ETransferStatus CheckTarget(std::string_view path, bool isReplacing) const;
  // Opens and locks the part; kBusy when somebody else holds it or too many ask, kNoSpace when it would be too much
  // for all.
  ETransferStatus Admit(const std::string& partPath, uint64_t size, CFd& part) const;
  ETransferStatus OpenPart(const std::string& partPath, CFd& part) const;
  // kNoSpace when one more file of `size` bytes would exceed transfer.max_total_bytes; kIoError when that can't be
  // found out.
  ETransferStatus CheckTotal(uint64_t size) const;
  static ETransferStatus Reserve(const CFd& part, uint64_t size);
  void RemoveIfAbandoned(const std::string& partPath) const;

  const STransferConfig m_config;
  const uint32_t m_mostAdmitting;
  mutable std::atomic<uint32_t> m_admitting{0};
  CLog& m_log;
  const CFileRoot m_files;
};

}  // namespace switchboard
