#include "net/site/CFileCache.h"

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <utility>

namespace switchboard {

namespace {

constexpr std::chrono::seconds kCheckEvery{1};
// File times have the resolution of the kernel's tick, or of the file system: at worst two seconds.
constexpr time_t kSettleSeconds = 2;

bool IsSame(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

// False when it isn't as long as it was.
bool ReadAll(int fd, uint64_t size, std::string& body) {
  body.resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd, body.data() + done, size - done, static_cast<off_t>(done));
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

CFileCache::CFileCache(const CFileRoot& root, Describe describe) : m_root(root), m_describe(std::move(describe)) {}

CFileCache::FilePtr CFileCache::Get(std::string_view path, MonotonicTime now, EFileError& error) {
  error = EFileError::kNone;
  if (now - m_cleanedAt >= kCheckEvery) EraseUnused(now);
  const auto found = m_index.find(path);
  if (found == m_index.end()) {
    FilePtr p_file = Open(path, now, nullptr, error);
    if (p_file != nullptr) Insert(path, p_file);
    return p_file;
  }
  const EntryList::iterator entry = found->second;
  if (entry != m_entries.begin()) m_entries.splice(m_entries.begin(), m_entries, entry);
  if (now - entry->p_file->checkedAt < kCheckEvery) return entry->p_file;

  FilePtr p_file = Open(path, now, entry->p_file->isSettled ? entry->p_file.get() : nullptr, error);
  if (p_file == nullptr && error == EFileError::kNone) {
    entry->p_file->checkedAt = now;
    return entry->p_file;
  }
  // Whoever sends the old one goes on with it.
  const std::string name(path);
  Erase(entry);
  if (p_file != nullptr) Insert(name, p_file);
  return p_file;
}

// nullptr without an error when it is the file that is known.
CFileCache::FilePtr CFileCache::Open(std::string_view path, MonotonicTime now, const SServedFile* p_known,
                                     EFileError& error) const {
  SOpenedFile opened = m_root.OpenFile(path);
  error = opened.error;
  if (error != EFileError::kNone || (p_known != nullptr && IsSame(opened.status, p_known->status))) return nullptr;
  auto p_file = std::make_shared<SServedFile>();
  p_file->status = opened.status;
  p_file->checkedAt = now;
  p_file->isSettled = std::time(nullptr) - opened.status.st_mtim.tv_sec > kSettleSeconds;
  if (p_file->Size() > kSmallBytes || !ReadAll(opened.fd.Get(), p_file->Size(), p_file->body)) {
    p_file->body = {};
    p_file->p_file = std::make_shared<const CFd>(std::move(opened.fd));
  }
  m_describe(path, *p_file);
  return p_file;
}

void CFileCache::Insert(std::string_view path, FilePtr p_file) {
  m_bodyBytes += p_file->body.size();
  m_entries.push_front({std::string(path), std::move(p_file)});
  m_index.emplace(m_entries.front().path, m_entries.begin());
  while (m_entries.size() > kMaxFiles || m_bodyBytes > kMaxBodyBytes) Erase(std::prev(m_entries.end()));
}

// What is used is checked about each second, so the last check tells of the last use.
void CFileCache::EraseUnused(MonotonicTime now) {
  m_cleanedAt = now;
  while (!m_entries.empty() && now - m_entries.back().p_file->checkedAt > kKeep) Erase(std::prev(m_entries.end()));
}

void CFileCache::Erase(EntryList::iterator entry) {
  m_bodyBytes -= entry->p_file->body.size();
  m_index.erase(entry->path);
  m_entries.erase(entry);
}

}  // namespace switchboard
