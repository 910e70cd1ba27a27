#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logic/site/CFileCache.h"
#include "logic/site/CFileLoader.h"
#include "logic/site/CMimeTypes.h"
#include "logic/site/SServedFile.h"
#include "misc/file/CFileRoot.h"
#include "misc/thread/CClock.h"

namespace switchboard {

// What a path of a site names.
struct SSiteEntry {
  uint16_t status = 200;  // 200: the file, or else the page; 301: a folder without its slash; others: why there is none
  ServedFilePtr p_file;
  std::string page;  // HTML, of a folder that is listed
};

// Finds what a path names: a file, a folder's index file, its list, its name with a slash, or nothing. Paths are as
// CHttpPath::Full gives them: decoded, "/" first, with a "/" at the end for a folder.
// Threads: any.
class CSiteFiles {
 public:
  struct SConfig {
    std::string root;  // a directory
    ESymlinks symlinks = ESymlinks::kWithinRoot;
    std::vector<std::string> index;  // names of files that stand for their folder, the first that is there
    bool isListing = false;          // a folder without one is listed
    std::string charset;             // of files of text; "": none is told
    std::string commonFields;        // header lines of every answer, CRLF behind each
  };

  // Throws std::system_error when the root can't be opened.
  explicit CSiteFiles(const SConfig& config);

  // The entry if the cache holds it: no system call. nullopt: call Lookup, and soon, since nobody else is told to.
  std::optional<SSiteEntry> Cached(std::string_view path, MonotonicTime now);
  // Looks at the disk, and blocks as long as that does. What is found is cached.
  SSiteEntry Lookup(std::string_view path, MonotonicTime now);

 private:
  ServedFilePtr Load(std::string_view relative, MonotonicTime now, EFileError& error);
  SSiteEntry LookupFolder(std::string_view path, MonotonicTime now);

  // constant after construction
  const std::vector<std::string> m_index;
  const bool m_isListing;
  const CFileRoot m_root;
  const CMimeTypes m_types;
  const CFileLoader m_loader;

  // self-synchronised
  CFileCache m_cache;
};

}  // namespace switchboard
