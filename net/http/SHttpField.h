#pragma once

#include <cstdint>
#include <string_view>

namespace switchboard {

// The methods that have a name here. kOther are those that exist beside them (RFC 9110 and its
// registry), such as TRACE or PROPFIND: CHttpRequest::MethodName says which. Any other word never
// reaches a handler, but is answered with 501, as is one of these in small letters (RFC 9110 §9.1).
enum class EHttpMethod : uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

// A header field. Of a request: a valid token, as it was sent, capitals included, and a value
// without blanks around it and without control bytes, tabs aside; what is 0x80 and above comes as
// it is. Both are views of the request's bytes. Of a reply: views that must live until Reply
// returns; SHttpReply::IsValid says which are sent.
struct SHttpField {
  std::string_view name;
  std::string_view value;
};

}  // namespace switchboard
