#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "logic/transfer/CTransferAccount.h"
#include "logic/transfer/CUpload.h"
#include "logic/transfer/STransferConfig.h"
#include "logic/transfer/TransferMessages.h"
#include "misc/CLimitedLog.h"
#include "misc/file/CFd.h"
#include "misc/file/CFileRoot.h"

namespace switchboard {

// The files beneath transfer.root, for any number of workers at the same time: opens those that are there, and takes
// new ones by way of the directory kParts, where an unfinished upload is named after the path that it is for and its
// size. Clients see neither that directory nor anything outside of the root.
// Threads: any; the calls block on the disk.
class CTransferStore {
 public:
  static constexpr const char* kParts = kPartsFolder;

  // Never more than `mostAdmitting` calls of Begin wait for each other; one that comes on top is kBusy. `log` outlives
  // the store. Throws std::system_error, which names the root or what is wrong in it.
  CTransferStore(const STransferConfig& config, uint32_t mostAdmitting, CLimitedLog& log);

  struct SOpened {
    ETransferStatus status = ETransferStatus::kOk;
    CFd fd;             // valid with kOk
    SStatReply stat{};  // its `status` is the same
  };
  // A regular file or a directory, for reading; the empty path is the root.
  SOpened Open(std::string_view path) const;

  struct SBegun {
    ETransferStatus status = ETransferStatus::kOk;
    std::unique_ptr<CUpload> p_upload;  // with kOk; the store outlives it
  };
  // Begins, or goes on with, the upload of a file of `size` bytes by `peer`. `flags` as in SPutBody. The room that it
  // will need is reserved, as far as the file system can do that. kTooManyOpen and kNoSpace: see CTransferAccount.
  SBegun Begin(std::string_view path, uint64_t size, uint8_t flags, const TransferPeer& peer = {}) const;

  // As CTransferAccount.
  void Sweep() const {
    if (m_config.writable) m_account.Sweep();
  }
  void Count(std::chrono::nanoseconds age, const std::atomic<bool>& isStopping) const {
    if (m_config.writable) m_account.Count(age, isStopping);
  }

 private:
  // A file of that name may come to be.
  ETransferStatus CheckTarget(std::string_view path, bool isReplacing) const;
  // Opens and locks the part; kBusy when somebody else holds it.
  ETransferStatus OpenPart(const std::string& partPath, CFd& part) const;
  static ETransferStatus Reserve(const CFd& part, uint64_t size);

  const STransferConfig m_config;
  const CFileRoot m_files;
  mutable CTransferAccount m_account;  // what it keeps is on the disk, for all workers
};

}  // namespace switchboard
