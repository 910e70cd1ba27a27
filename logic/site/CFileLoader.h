#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "logic/site/CMimeTypes.h"
#include "logic/site/SServedFile.h"
#include "misc/file/CFileRoot.h"

namespace switchboard {

// Opens the files of a site, reads the small ones, and describes them as they are served.
// Threads: any. Load blocks as long as the disk does.
class CFileLoader {
 public:
  static constexpr size_t kSmallBytes = 16 * 1024;  // a file of up to so many bytes is held in memory

  // `root` and `types` must outlive it. `charset` goes behind media types of text, if it isn't empty; `commonFields`
  // are the header lines that every answer of the site has, CRLF behind each.
  CFileLoader(const CFileRoot& root, const CMimeTypes& types, std::string charset, std::string commonFields);

  // The file at `path` (relative to the root), with its precompressed sibling "PATH.gz", if that isn't older; `p_known`
  // itself if that, which may be nullptr, is still the file of this name. nullptr, with the reason in `error`, when
  // there is none to serve.
  ServedFilePtr Load(std::string_view path, const ServedFilePtr& p_known, EFileError& error) const;

 private:
  static SServedFile Read(SOpenedFile opened);
  // Fills in what is served with a file besides its bytes. `fields` are further header lines.
  void Describe(SServedFile& file, std::string_view path, std::string_view fields) const;

  const CFileRoot& m_root;
  const CMimeTypes& m_types;
  const std::string m_charset;
  const std::string m_commonFields;
};

}  // namespace switchboard
