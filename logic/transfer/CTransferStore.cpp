#include "logic/transfer/CTransferStore.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <ctime>
#include <filesystem>
#include <optional>
#include <span>
#include <system_error>

#include "logic/transfer/TransferStatus.h"
#include "misc/CDigest.h"

namespace switchboard {

namespace {

namespace fs = std::filesystem;

constexpr size_t kPathDigits = 64;       // of a part's name: the SHA-256 of its path
constexpr uint64_t kLeastBytes = 1;      // that a file counts: without end, empty ones would take all inodes
constexpr size_t kMaxParts = 1'000'000;  // that one sweep looks at

std::string PartPath(std::string_view path, uint64_t size) {
  const Sha256Bytes digest = CDigest::Sha256Of(std::as_bytes(std::span(path)));
  return fmt::format("{}/{}-{}", CTransferStore::kParts, CDigest::Hex(digest), size);
}

// The size that is in a part's name; nothing if it isn't one.
std::optional<uint64_t> AnnouncedSize(std::string_view name) {
  if (name.size() < kPathDigits + 2 || name[kPathDigits] != '-') return std::nullopt;
  uint64_t size = 0;
  const auto [p_rest, error] = std::from_chars(name.data() + kPathDigits + 1, name.data() + name.size(), size);
  if (error != std::errc{} || p_rest != name.data() + name.size()) return std::nullopt;
  return size;
}

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

// The size of a regular file; nothing for anything else, and for one that has just vanished.
std::optional<uint64_t> FileBytes(const fs::directory_entry& entry) {
  std::error_code gone;
  if (!fs::is_regular_file(entry.symlink_status(gone))) return std::nullopt;
  const uintmax_t bytes = entry.file_size(gone);
  return gone ? std::nullopt : std::optional<uint64_t>(std::max<uint64_t>(bytes, kLeastBytes));
}

// What all files beneath take together, unfinished uploads at their announced size; nothing when that can't be found
// out.
std::optional<uint64_t> BytesBeneath(const CFd& directory) {
  uint64_t sum = 0;
  std::error_code error;
  const fs::path root = fmt::format("/proc/self/fd/{}/", directory.Get());
  // The parts come first: one that gets its name meanwhile is counted twice at worst, and never not at all.
  for (fs::directory_iterator entry(root / CTransferStore::kParts, error), end; !error && entry != end;
       entry.increment(error)) {
    const uint64_t announced = AnnouncedSize(entry->path().filename().string()).value_or(0);
    if (const std::optional<uint64_t> bytes = FileBytes(*entry)) sum += std::max(*bytes, announced);
  }
  if (error) return std::nullopt;
  for (fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied, error), end;
       !error && entry != end; entry.increment(error)) {
    const bool isOfParts = entry.depth() == 0 && entry->path().filename() == CTransferStore::kParts;
    if (isOfParts) entry.disable_recursion_pending();
    sum += FileBytes(*entry).value_or(0);
  }
  if (error) return std::nullopt;
  return sum;
}

bool LockAtOnce(const CFd& file) { return ::flock(file.Get(), LOCK_EX | LOCK_NB) == 0; }

// One of `most` places, for as long as it lives; those that are taken are counted in `taken`.
// Threads: one; `taken` is shared.
class CPlace {
 public:
  CPlace(std::atomic<uint32_t>& taken, uint32_t most)
      : m_taken(taken), m_isFree(taken.fetch_add(1, std::memory_order_relaxed) < most) {}
  ~CPlace() { m_taken.fetch_sub(1, std::memory_order_relaxed); }
  CPlace(const CPlace&) = delete;
  CPlace& operator=(const CPlace&) = delete;

  // False when there was none left.
  bool IsFree() const { return m_isFree; }

 private:
  std::atomic<uint32_t>& m_taken;
  const bool m_isFree;
};

}  // namespace

CTransferStore::CTransferStore(const STransferConfig& config, uint32_t mostAdmitting, CLog& log)
    : m_config(config), m_mostAdmitting(mostAdmitting), m_log(log), m_files(config.root, ESymlinks::kWithinRoot) {
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

CTransferStore::SBegun CTransferStore::Begin(std::string_view path, uint64_t size, uint8_t flags) const {
  SBegun begun;
  if (!m_config.writable) {
    begun.status = ETransferStatus::kReadOnly;
  } else if (size > m_config.max_file_bytes) {
    begun.status = ETransferStatus::kTooLarge;
  } else {
    begun.status = CheckTarget(path, (flags & kPutReplace) != 0);
  }
  const std::string partPath = PartPath(path, size);
  CFd part;
  if (begun.status == ETransferStatus::kOk) begun.status = Admit(partPath, size, part);
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
    if (begun.status != ETransferStatus::kOk && have == 0) m_files.Unlink(partPath);
  }
  if (begun.status == ETransferStatus::kOk) {
    begun.p_upload = std::make_unique<CUpload>(m_files, std::move(part), partPath, have, size);
  }
  return begun;
}

ETransferStatus CTransferStore::Admit(const std::string& partPath, uint64_t size, CFd& part) const {
  // What is left is judged and taken by one at a time, whatever worker it is in: hence a lock of the file system. It
  // is the only one that is waited for, and released with its descriptor.
  SOpenedFile admission;
  std::optional<CPlace> place;
  if (m_config.max_total_bytes > 0) {
    place.emplace(m_admitting, m_mostAdmitting);
    if (!place->IsFree()) return ETransferStatus::kBusy;
    admission = m_files.OpenDirectory(kParts);
    if (admission.error != EFileError::kNone || ::flock(admission.fd.Get(), LOCK_EX) != 0) {
      return ETransferStatus::kIoError;
    }
    // A part that is there is counted already.
    if (m_files.Status(partPath).error != EFileError::kNone) {
      if (const ETransferStatus status = CheckTotal(size); status != ETransferStatus::kOk) return status;
    }
  }
  return OpenPart(partPath, part);
}

ETransferStatus CTransferStore::CheckTotal(uint64_t size) const {
  const SOpenedFile root = m_files.OpenDirectory("");
  if (root.error != EFileError::kNone) return StatusOf(root.error);
  const uint64_t most = m_config.max_total_bytes;
  size = std::max(size, kLeastBytes);
  if (size > most) return ETransferStatus::kNoSpace;
  const std::optional<uint64_t> taken = BytesBeneath(root.fd);
  if (!taken) return ETransferStatus::kIoError;
  return *taken > most - size ? ETransferStatus::kNoSpace : ETransferStatus::kOk;
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

void CTransferStore::RemoveAbandoned() const {
  if (!m_config.writable) return;
  for (const SDirectoryEntry& entry : m_files.List(kParts, kMaxParts).entries) {
    if (AnnouncedSize(entry.name)) RemoveIfAbandoned(fmt::format("{}/{}", kParts, entry.name));
  }
}

void CTransferStore::RemoveIfAbandoned(const std::string& partPath) const {
  const SOpenedFile part = m_files.OpenForWriting(partPath);
  struct stat status {};
  if (part.error != EFileError::kNone || !LockAtOnce(part.fd) || ::fstat(part.fd.Get(), &status) != 0) return;
  // Between open and lock the name may have become another's, who holds that one.
  if (m_files.Status(partPath).status.st_ino != status.st_ino) return;
  const auto age = std::chrono::seconds(::time(nullptr) - status.st_mtim.tv_sec);
  if (age < m_config.keep || m_files.Unlink(partPath) != EFileError::kNone) return;
  m_log.Info("transfer: removed an upload that was abandoned {} s ago, {} bytes", age.count(), status.st_size);
}

}  // namespace switchboard
