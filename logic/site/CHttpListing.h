#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "misc/file/CFileRoot.h"

namespace switchboard {

// Writes the page that lists a directory.
// Threads: any.
class CHttpListing {
 public:
  // An HTML page in UTF-8 of the directory `fullPath` ("/a/b/", as CHttpPath::Full gives it): directories first, by
  // name. Names are escaped; names that begin with a dot, and ones that no request can name (control bytes,
  // backslashes), are left out. `isComplete` false adds that there are more.
  static std::string Page(std::string_view fullPath, std::vector<SDirectoryEntry> entries, bool isComplete);
  // Appends `text` so that it means itself in HTML, in text and in quoted attributes.
  static void AppendEscaped(std::string& out, std::string_view text);
};

}  // namespace switchboard
