#pragma once

#include <string_view>

namespace switchboard {

// Judges what names a server: the value of a Host field, and the authority of an absolute target
// (RFC 9110 §§4.2, 7.2; RFC 3986 §3.2).
// Threads: any.
class CHttpHost {
 public:
  // uri-host [ ":" port ]: a registered name (which may be empty, and holds every IPv4 address) or an address in
  // brackets, and digits, or none, behind the colon.
  static bool IsValid(std::string_view host);
  // As IsValid, with a name that is not empty: RFC 9110 §4.2.1. User information, which nobody has a use for but
  // attackers (§4.2.4), is no part of it.
  static bool IsAuthority(std::string_view authority);
};

}  // namespace switchboard
