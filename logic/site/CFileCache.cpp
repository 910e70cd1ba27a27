#include "logic/site/CFileCache.h"

#include <iterator>
#include <utility>

namespace switchboard {

ServedFilePtr CFileCache::Find(std::string_view path, MonotonicTime now) {
  const CMutexLock lock(m_mutex);
  const auto found = m_index.find(path);
  if (found == m_index.end()) return nullptr;
  const EntryList::iterator entry = found->second;
  if (entry != m_entries.begin()) m_entries.splice(m_entries.begin(), m_entries, entry);
  if (now - entry->checkedAt < kCheckEvery) return entry->p_file;
  entry->checkedAt = now;
  return nullptr;
}

ServedFilePtr CFileCache::Known(std::string_view path) const {
  const CMutexLock lock(m_mutex);
  const auto found = m_index.find(path);
  return found == m_index.end() ? nullptr : found->second->p_file;
}

void CFileCache::Put(std::string_view path, ServedFilePtr p_file, MonotonicTime now) {
  EntryList gone;
  EntryList added;
  added.push_back({std::string(path), std::move(p_file), now});
  const CMutexLock lock(m_mutex);
  if (const auto found = m_index.find(path); found != m_index.end()) Move(found->second, gone);
  m_entries.splice(m_entries.begin(), added);
  const EntryList::iterator entry = m_entries.begin();
  m_index.emplace(entry->path, entry);
  m_files += entry->p_file->HeldFiles();
  m_bodyBytes += entry->p_file->HeldBytes();
  while (m_files > kMaxFiles || m_bodyBytes > kMaxBodyBytes) Move(std::prev(m_entries.end()), gone);
  MoveUnused(now, gone);
}

void CFileCache::Drop(std::string_view path, MonotonicTime now) {
  EntryList gone;
  const CMutexLock lock(m_mutex);
  if (const auto found = m_index.find(path); found != m_index.end()) Move(found->second, gone);
  MoveUnused(now, gone);
}

// What is used is checked about each second, so the last check tells of the last use.
void CFileCache::MoveUnused(MonotonicTime now, EntryList& gone) {
  while (!m_entries.empty() && now - m_entries.back().checkedAt > kKeep) Move(std::prev(m_entries.end()), gone);
}

void CFileCache::Move(EntryList::iterator entry, EntryList& gone) {
  m_files -= entry->p_file->HeldFiles();
  m_bodyBytes -= entry->p_file->HeldBytes();
  m_index.erase(entry->path);
  gone.splice(gone.end(), m_entries, entry);
}

}  // namespace switchboard
