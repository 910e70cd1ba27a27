#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "logic/site/SServedFile.h"
#include "misc/thread/Annotations.h"
#include "misc/thread/CClock.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// The files that were asked for lately, by path, so that a hot one costs no system call. It never touches the disk: who
// finds nothing here looks there (CFileLoader), and puts in what is found.
// A file is good for a second. Then one asker is sent to look again, while the others go on with the old one for as
// long as that takes, or for a second more, so that a slow disk isn't asked the same by all. Bounded: by kMaxFiles, and
// of small files' bytes by kMaxBodyBytes; the one that was unused the longest goes first. One that was unused for kKeep
// goes with the next Put or Drop, so that the space of a deleted file isn't held for ever: whoever asks for anything is
// sent to the disk within a second, and may wait there for the closing too.
// Threads: any.
class CFileCache {
 public:
  static constexpr size_t kMaxFiles = 512;
  static constexpr size_t kMaxBodyBytes = 8 * 1024 * 1024;
  static constexpr std::chrono::seconds kKeep{60};
  static constexpr std::chrono::seconds kCheckEvery{1};

  // The file of this path; nullptr: look for it. Closes no file.
  ServedFilePtr Find(std::string_view path, MonotonicTime now);
  // What is held for a path, however old; nullptr: nothing.
  ServedFilePtr Known(std::string_view path) const;
  // `p_file` is what the path leads to now. Whoever sends the one before goes on with it.
  void Put(std::string_view path, ServedFilePtr p_file, MonotonicTime now);
  // The path leads to no file any more.
  void Drop(std::string_view path, MonotonicTime now);

 private:
  struct SEntry {
    std::string path;
    ServedFilePtr p_file;
    MonotonicTime checkedAt;  // when it was last seen to be the file of this name, or somebody was sent to see
  };
  using EntryList = std::list<SEntry>;  // the one that was used last comes first

  // Moves an entry to `gone`, which dies outside of the lock: that may close a file.
  void Move(EntryList::iterator entry, EntryList& gone) REQUIRES(m_mutex);
  void MoveUnused(MonotonicTime now, EntryList& gone) REQUIRES(m_mutex);

  mutable CMutex m_mutex;
  EntryList m_entries GUARDED_BY(m_mutex);
  // The keys are the entries' own.
  std::unordered_map<std::string_view, EntryList::iterator> m_index GUARDED_BY(m_mutex);
  size_t m_files GUARDED_BY(m_mutex) = 0;
  size_t m_bodyBytes GUARDED_BY(m_mutex) = 0;
};

}  // namespace switchboard
