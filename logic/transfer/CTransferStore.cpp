#include "logic/transfer/CTransferStore.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

#include "logic/transfer/TransferStatus.h"

namespace switchboard {

namespace {

ETransferStatus CheckName(std::string_view path) {
  if (path.size() > kTransferPathBytes || path.find('\0') != std::string_view::npos) return ETransferStatus::kBadName;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (path.substr(at, end - at) == CTransferStore::kParts) return ETransferStatus::kNotFound;
    // No file can be called so: better to say it now than when all bytes have come.
    if (end - at > NAME_MAX) return ETransferStatus::kBadName;
    at = end + 1;
  }
  return ETransferStatus::kOk;
}

bool LockAtOnce(const CFd& file) { return ::flock(file.Get(), LOCK_EX | LOCK_NB) == 0; }

}  // namespace

CTransferStore::CTransferStore(const STransferConfig& config, uint32_t mostAdmitting, CLimitedLog& log)
    : m_config(config), m_files(config.root, ESymlinks::kWithinRoot), m_account(m_config, mostAdmitting, m_files, log) {
  if (!config.writable) return;
  const std::string parts = config.root + "/" + kParts;
  const bool isMade = ::mkdir(parts.c_str(), 0700) == 0 || errno == EEXIST;
  if (!isMade || ::access(parts.c_str(), W_OK | X_OK) != 0) {
    throw std::system_error(errno, std::generic_category(), parts);
  }
}

CTransferStore::SOpened CTransferStore::Open(std::string_view path) const {
  SOpened opened;
  opened.status = CheckName(path);
  if (opened.status == ETransferStatus::kOk) {
    SOpenedFile file = m_files.OpenFile(path);
    if (file.error == EFileError::kIsDirectory) file = m_files.OpenDirectory(path);
    opened.status = StatusOf(file.error);
    opened.fd = std::move(file.fd);
    if (opened.status == ETransferStatus::kOk) opened.stat = StatReplyOf(file.status);
  }
  opened.stat.status = static_cast<uint16_t>(opened.status);
  return opened;
}

ETransferStatus CTransferStore::CheckTarget(std::string_view path, bool isReplacing) const {
  if (path.empty() || path.back() == '/') return ETransferStatus::kBadName;
  if (const ETransferStatus status = CheckName(path); status != ETransferStatus::kOk) return status;
  const SOpenedFile target = m_files.Status(path);
  if (target.error == EFileError::kNone) {
    if (!S_ISREG(target.status.st_mode)) return ETransferStatus::kNotAFile;
    return isReplacing ? ETransferStatus::kOk : ETransferStatus::kExists;
  }
  if (target.error != EFileError::kNotFound) return StatusOf(target.error);
  const size_t slash = path.rfind('/');
  const SOpenedFile above = m_files.Status(slash == std::string_view::npos ? "" : path.substr(0, slash));
  if (above.error == EFileError::kNone && !S_ISDIR(above.status.st_mode)) return ETransferStatus::kNotFound;
  return StatusOf(above.error);
}

CTransferStore::SBegun CTransferStore::Begin(std::string_view path, uint64_t size, uint8_t flags,
                                             const TransferPeer& peer) const {
  SBegun begun;
  if (!m_config.writable) {
    begun.status = ETransferStatus::kReadOnly;
  } else if (size > m_config.max_file_bytes) {
    begun.status = ETransferStatus::kTooLarge;
  } else {
    begun.status = CheckTarget(path, (flags & kPutReplace) != 0);
  }
  if (begun.status != ETransferStatus::kOk) return begun;
  const SPartName name = SPartName::Of(path, size);
  const std::string partPath = name.Path();
  CFd part;
  begun.status = m_account.Admit(name, peer, [&] { return OpenPart(partPath, part); });
  if (begun.status != ETransferStatus::kOk) return begun;
  struct stat status {};
  const bool isResumed = (flags & kPutResume) != 0 && ::fstat(part.Get(), &status) == 0;
  const auto there = static_cast<uint64_t>(status.st_size);
  const uint64_t have = isResumed ? std::min(there, size) : 0;
  // Even to the same size, it would give back what is reserved behind the end.
  const bool isCut = !isResumed || have != there;
  if (isCut && ::ftruncate(part.Get(), static_cast<off_t>(have)) != 0) {
    begun.status = StatusOf(CFileRoot::ErrorOf(errno));
  }
  if (begun.status == ETransferStatus::kOk) {
    begun.status = Reserve(part, size);
    // What an earlier attempt has left behind can still be resumed when there is room again.
    if (begun.status != ETransferStatus::kOk && have == 0) {
      m_files.Unlink(partPath);
      m_account.NoteRemoved(name);
    }
  }
  if (begun.status == ETransferStatus::kOk) {
    begun.p_upload = std::make_unique<CUpload>(m_files, m_account, std::move(part), name, have);
  }
  return begun;
}

ETransferStatus CTransferStore::OpenPart(const std::string& partPath, CFd& part) const {
  for (;;) {
    SOpenedFile opened = m_files.OpenForWriting(partPath);
    if (opened.error == EFileError::kNotFound) opened = m_files.Create(partPath, 0644);
    if (opened.error == EFileError::kExists) continue;  // another has just made it
    if (opened.error != EFileError::kNone) return StatusOf(opened.error);
    if (!LockAtOnce(opened.fd)) return errno == EWOULDBLOCK ? ETransferStatus::kBusy : ETransferStatus::kIoError;
    struct stat status {};
    if (::fstat(opened.fd.Get(), &status) != 0) return ETransferStatus::kIoError;
    const SOpenedFile named = m_files.Status(partPath);
    if (named.error != EFileError::kNone && named.error != EFileError::kNotFound) return StatusOf(named.error);
    // Between open and lock its last holder may have finished or removed it: then the name is free again.
    if (status.st_nlink == 0 || named.status.st_ino != status.st_ino) continue;
    part = std::move(opened.fd);
    return ETransferStatus::kOk;
  }
}

ETransferStatus CTransferStore::Reserve(const CFd& part, uint64_t size) {
  if (size == 0) return ETransferStatus::kOk;
  if (::fallocate(part.Get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) == 0) return ETransferStatus::kOk;
  // Not every file system can; then it is the writing that shows whether there is room.
  if (errno == EOPNOTSUPP || errno == EINTR) return ETransferStatus::kOk;
  return StatusOf(CFileRoot::ErrorOf(errno));
}

}  // namespace switchboard
