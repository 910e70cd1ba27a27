#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "net/http/SHttpRequest.h"

namespace switchboard {

// Makes of a request's target the path that it names: splits the query off, decodes percent signs exactly once, joins
// repeated slashes, and resolves "." and ".." (encoded ones too: %2e is a dot, RFC 3986 §2.3). Refused with 400: a bad
// escape, a NUL or another control byte, a slash that is encoded, a backslash in any form, and ".." that would leave
// the root. Other bytes go through as they are, bad UTF-8 too: names of files are bytes, and nothing below decodes, so
// an overlong "slash" is just an odd name. That nothing opens outside a root is still not this class's promise but
// CFileRoot's.
// Threads: one owner at a time.
class CHttpPath {
 public:
  static constexpr size_t kMaxBytes = 4095;  // of the decoded path; a longer one, which no file can have, is 414

  // `target` is SHttpRequest's, and lives as long as Query() is used; "?q" alone means "/?q". After a verdict other
  // than 0 there is no path.
  SHttpVerdict Resolve(std::string_view target);

  // "/a/b" or "/a/b/": what routes are compared with.
  std::string_view Full() const { return {m_bytes.data(), m_size}; }
  // "a/b": what CFileRoot opens; empty for the root itself.
  std::string_view Relative() const;
  // It ended in a slash, or in a dot segment: it names a directory.
  bool IsFolder() const { return m_size != 0 && m_bytes[m_size - 1] == '/'; }
  // A name in it begins with a dot, as .git and .htpasswd do; a leading .well-known (RFC 8615) doesn't count.
  bool IsHidden() const;
  // What followed the '?', as it was sent.
  std::string_view Query() const { return m_query; }
  bool HasQuery() const { return m_hasQuery; }

  // Appends `path` with all but unreserved bytes and slashes percent-encoded: for links, and for Location, where
  // Full() is right and a target is not (it might begin with "//").
  static void AppendEncoded(std::string& out, std::string_view path);

 private:
  // Appends a decoded segment to the path, which ends in a slash; false: it leaves the root.
  bool Step(size_t segmentBegin);

  std::array<char, kMaxBytes> m_bytes;
  size_t m_size = 0;
  bool m_hasQuery = false;
  std::string_view m_query;
};

}  // namespace switchboard
