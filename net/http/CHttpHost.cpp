#include "net/http/CHttpHost.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "misc/CByteSet.h"
#include "net/http/HttpText.h"

namespace switchboard {

namespace {

#define SWITCHBOARD_SUB_DELIMS "!$&'()*+,;="
constexpr CByteSet kNameBytes("-._~" SWITCHBOARD_SUB_DELIMS, CByteSet::kAlphanumeric);
constexpr CByteSet kFutureBytes("-._~:" SWITCHBOARD_SUB_DELIMS, CByteSet::kAlphanumeric);
#undef SWITCHBOARD_SUB_DELIMS
constexpr CByteSet kDigits("0123456789");
constexpr CByteSet kHexDigits("0123456789ABCDEFabcdef");

bool IsRegisteredName(std::string_view name) {
  for (size_t at = 0; at < name.size(); ++at) {
    if (kNameBytes.Has(name[at])) continue;
    if (UriUnescape(name.substr(at)) < 0) return false;
    at += 2;
  }
  return true;
}

// "v1.x", of addresses to come.
bool IsFutureAddress(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || (text.front() | 0x20) != 'v') return false;
  const std::string_view version = text.substr(1, dot - 1);
  const std::string_view address = text.substr(dot + 1);
  return !version.empty() && kHexDigits.HoldsAllOf(version) && !address.empty() && kFutureBytes.HoldsAllOf(address);
}

// The library's idea of an address is that of RFC 3986.
bool IsIpv6Address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return false;
  std::copy(text.begin(), text.end(), copy.begin());
  in6_addr address{};
  return ::inet_pton(AF_INET6, copy.data(), &address) == 1;
}

}  // namespace

bool CHttpHost::IsValid(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const size_t close = host.find(']');
    if (close == std::string_view::npos) return false;
    const std::string_view literal = host.substr(1, close - 1);
    if (!IsIpv6Address(literal) && !IsFutureAddress(literal)) return false;
    port = host.substr(close + 1);
  } else {
    const size_t colon = std::min(host.find(':'), host.size());
    if (!IsRegisteredName(host.substr(0, colon))) return false;
    port = host.substr(colon);
  }
  return port.empty() || (port.front() == ':' && kDigits.HoldsAllOf(port.substr(1)));
}

bool CHttpHost::IsAuthority(std::string_view authority) {
  return !authority.empty() && authority.front() != ':' && IsValid(authority);
}

}  // namespace switchboard
