#pragma once

#include <map>
#include <string>
#include <string_view>

namespace switchboard {

// Media types by the extension of a file's name.
// Threads: any, after the constructor.
class CMimeTypes {
 public:
  static constexpr std::string_view kDefault = "application/octet-stream";

  // Reads a file of lines "TYPE EXTENSION…" (Debian's package media-types has it); '#' begins a comment, the first line
  // that names an extension counts, and what is no type is skipped. The types that web pages are made of are built in,
  // for what the file lacks; it may be missing altogether.
  explicit CMimeTypes(const std::string& file = "/etc/mime.types");

  // The type of a file; letters count alike. The view lives as long as this.
  std::string_view TypeOf(std::string_view path) const;
  size_t Count() const { return m_types.size(); }

 private:
  void ReadLine(std::string_view line);

  std::map<std::string, std::string, std::less<>> m_types;  // by extension, in small letters, without the dot
};

}  // namespace switchboard
