#include "net/http/SHttpConfig.h"

#include <string_view>

#include "misc/CByteSet.h"
#include "misc/config/CConfigSchema.h"
#include "net/http/HttpText.h"

namespace switchboard {

namespace {

constexpr uint32_t kMebi = 1024 * 1024;

// The name of one file in a folder.
bool IsFileName(const std::string& text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string::npos;
}

// A name as RFC 2978 section 2.3 has it, without what would need quotes in a header.
bool IsCharset(const std::string& text) {
  static constexpr CByteSet kBytes("!#$%&'+-^_`~.", CByteSet::kAlphanumeric);
  return kBytes.HoldsAllOf(text);
}

// "Name: value", of RFC 9110 section 5, without what the server writes itself or what would break the answer.
bool IsHeader(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return false;
  const std::string_view name = std::string_view(text).substr(0, colon);
  return IsHttpToken(name) && !IsServersHttpField(name) && !IsHttpName(name, "content-range") &&
         IsHttpFieldValue(std::string_view(text).substr(colon + 1));
}

}  // namespace

void SHttpConfig::Describe(CConfigSection<SHttpConfig> listener) {
  using H = SHttpConfig;
  listener
      .Texts("index", &H::index, "a list of file names",
             "names of the files that stand for their folder, the first that is there", &IsFileName)
      .Flag("listing", &H::listing, "list a folder that has no index file; false: 403")
      .Flag("follow_symlinks", &H::follow_symlinks, "symbolic links that stay beneath the root lead on")
      .Text("charset", &H::charset, "the name of a character set, as \"utf-8\", or \"\"", "told with files of text",
            &IsCharset)
      .Texts("headers", &H::headers, "a list of \"Name: value\", but of none that the server writes itself",
             "lines that every answer gets", &IsHeader)
      .Text("access_log", &H::access_log, "a path, or \"\"", "a log in the combined format; \"\": none")
      .Number("head_bytes", &H::head_bytes, {256, 65536, "bytes"},
              "of a request's line and headers; beyond it: 414 or 431")
      .Number("body_bytes", &H::body_bytes, {0, 64 * kMebi, "bytes"}, "of a request's body; beyond it: 413")
      .Seconds("idle_timeout_s", &H::idle_timeout, 0.001, 86400, "that a connection may wait for its next request")
      .Number("min_rate", &H::min_rate, {0, 1000 * kMebi, "bytes/s (0: any)"}, "at which a peer must take its answers");
}

}  // namespace switchboard
