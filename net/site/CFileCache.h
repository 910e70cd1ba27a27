#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "misc/CClock.h"
#include "misc/CFd.h"
#include "misc/CFileRoot.h"
#include "misc/SFileRange.h"

namespace switchboard {

// A file as it is served: open, or, if it is small, its bytes; and the parts of its answers that are always the same.
// Threads: sb-io.
struct SServedFile {
  std::shared_ptr<const CFd> p_file;  // nullptr when `body` is all of it
  std::string body;
  struct stat status = {};
  MonotonicTime checkedAt;  // when it was last seen to be the file of this name
  bool isSettled = true;    // false: changed so recently that its next change may not show in its times

  std::string type;                     // its media type
  std::string etag;                     // with its quotes
  int64_t modified = 0;                 // in seconds of the wall clock
  std::string fields;                   // the header lines that every answer with this file has, CRLF behind each
  std::string wholeHead;                // of an answer 200, from behind its date to its Content-Length
  std::shared_ptr<SServedFile> p_gzip;  // the same, precompressed; nullptr: there is none
  MonotonicTime gzipCheckedAt{};

  uint64_t Size() const { return static_cast<uint64_t>(status.st_size); }
};

// The files that were asked for lately, by path, so that a hot one costs no system call. Each is checked against its
// name again when its last check is a second old: another inode, size or time makes it another file.
// Bounded: by kMaxFiles, and of small files' bytes by kMaxBodyBytes; the one that was unused the longest goes first.
// One that was unused for kKeep goes with the next Get, so that the space of a deleted file isn't held for ever.
// Threads: sb-io.
class CFileCache {
 public:
  static constexpr size_t kMaxFiles = 512;
  static constexpr size_t kMaxBodyBytes = 8 * 1024 * 1024;
  static constexpr std::chrono::seconds kKeep{60};
  static constexpr size_t kSmallBytes = 16 * 1024;  // a file of up to so many bytes is held in memory

  using FilePtr = std::shared_ptr<SServedFile>;
  using Describe = std::function<void(std::string_view path, SServedFile& file)>;

  // `describe` fills in what is served with a file besides its bytes.
  CFileCache(const CFileRoot& root, Describe describe);

  // The file at `path` (relative to the root); nullptr, with the reason in `error`, when there is none to serve.
  FilePtr Get(std::string_view path, MonotonicTime now, EFileError& error);

 private:
  struct SEntry {
    std::string path;
    FilePtr p_file;
  };
  using EntryList = std::list<SEntry>;  // the one that was used last comes first

  FilePtr Open(std::string_view path, MonotonicTime now, const SServedFile* p_known, EFileError& error) const;
  void Insert(std::string_view path, FilePtr p_file);
  void Erase(EntryList::iterator entry);
  void EraseUnused(MonotonicTime now);

  const CFileRoot& m_root;
  const Describe m_describe;
  EntryList m_entries;
  std::unordered_map<std::string_view, EntryList::iterator> m_index;  // the keys are the entries' own
  size_t m_bodyBytes = 0;
  MonotonicTime m_cleanedAt{};
};

}  // namespace switchboard
