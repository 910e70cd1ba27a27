// Fuzzes CHttpPath. An input is a target.
//
// Checked: a resolved path has nothing left to resolve, and nothing that could mean something to another reader; and,
// encoded again, it resolves to itself.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http/CHttpPath.h"
#include "tests/fuzz/Check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* p_data, size_t size) {
  const std::string target(reinterpret_cast<const char*>(p_data), size);
  switchboard::CHttpPath path;
  const switchboard::SHttpVerdict verdict = path.Resolve(target);
  if (verdict.status != 0) {
    Check(verdict.status == 400 || verdict.status == 414, "a refusal has its status");
    Check(path.Full().empty() && path.Relative().empty(), "a refused target has no path");
    return 0;
  }
  const std::string_view full = path.Full();
  const std::string closed = std::string(full) + '/';
  Check(full.starts_with('/') && full.size() <= switchboard::CHttpPath::kMaxBytes, "a path begins with a slash");
  Check(full.find("//") == std::string_view::npos, "no slash is repeated");
  Check(closed.find("/./") == std::string::npos && closed.find("/../") == std::string::npos, "no dots are left");
  for (const char c : full) {
    const auto byte = static_cast<unsigned char>(c);
    Check(byte >= 0x20 && byte != 0x7f && c != '\\', "no controls, no backslashes");
  }
  const std::string_view relative = path.Relative();
  Check(!relative.starts_with('/') && !relative.ends_with('/'), "the relative path is relative");
  Check(path.IsFolder() == full.ends_with('/'), "a folder ends in a slash");
  Check(path.HasQuery() == (target.find('?') != std::string::npos), "the query is split off");

  std::string encoded;
  switchboard::CHttpPath::AppendEncoded(encoded, full);
  switchboard::CHttpPath again;
  Check(again.Resolve(encoded).status == 0 && again.Full() == full, "the encoded path resolves to itself");
  return 0;
}
