#include "logic/site/CMimeTypes.h"

#include <algorithm>
#include <fstream>

namespace switchboard {

namespace {

constexpr std::string_view kBuiltIn[] = {
    "text/html html htm",
    "text/css css",
    "text/javascript js mjs",
    "text/plain txt",
    "text/markdown md",
    "text/csv csv",
    "application/json json map",
    "application/xml xml",
    "application/pdf pdf",
    "application/wasm wasm",
    "application/manifest+json webmanifest",
    "application/gzip gz",
    "application/zip zip",
    "image/png png",
    "image/jpeg jpg jpeg",
    "image/gif gif",
    "image/webp webp",
    "image/avif avif",
    "image/svg+xml svg",
    "image/vnd.microsoft.icon ico",
    "font/woff woff",
    "font/woff2 woff2",
    "audio/mpeg mp3",
    "audio/ogg ogg",
    "video/mp4 mp4",
    "video/webm webm",
};

std::string Lowered(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower;
}

// What goes into a header as it is: printable, with one slash.
bool IsType(std::string_view word) {
  const bool isPlain = std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c < '\x7f' && c != ';'; });
  return isPlain && std::count(word.begin(), word.end(), '/') == 1 && !word.starts_with('/') && !word.ends_with('/');
}

std::string_view NextWord(std::string_view& line) {
  constexpr std::string_view kBlanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

CMimeTypes::CMimeTypes(const std::string& file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) ReadLine(line);
  for (const std::string_view line : kBuiltIn) ReadLine(line);
}

void CMimeTypes::ReadLine(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::string_view type = NextWord(line);
  if (!IsType(type)) return;
  for (std::string_view extension = NextWord(line); !extension.empty(); extension = NextWord(line)) {
    m_types.emplace(Lowered(extension), type);
  }
}

std::string_view CMimeTypes::TypeOf(std::string_view path) const {
  const size_t dot = path.find_last_of("./");
  if (dot == std::string_view::npos || path[dot] == '/') return kDefault;
  const auto found = m_types.find(Lowered(path.substr(dot + 1)));
  return found == m_types.end() ? kDefault : std::string_view(found->second);
}

}  // namespace switchboard
