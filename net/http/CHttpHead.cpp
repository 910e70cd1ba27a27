#include "net/http/CHttpHead.h"

#include <algorithm>
#include <array>
#include <utility>

#include "misc/CByteSet.h"
#include "net/http/CHttpHost.h"
#include "net/http/HttpText.h"

namespace switchboard {

namespace {

constexpr SHttpVerdict kGood{};

constexpr CByteSet kDigits("0123456789");
// Of a target: no blank, no control byte (the scanner has seen to the others), no fragment.
constexpr CByteSet kTargetBytes = CByteSet::AllBut(" \t#");

// What is registered (IANA) for servers like this one or for others; all else is a client's invention.
constexpr std::array<std::string_view, 26> kOtherMethods = {
    "TRACE",  "COPY",      "LOCK",        "MKCOL", "MOVE",       "PROPFIND",   "PROPPATCH", "SEARCH", "UNLOCK",
    "BIND",   "REBIND",    "UNBIND",      "ACL",   "REPORT",     "MKACTIVITY", "CHECKOUT",  "MERGE",  "M-SEARCH",
    "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE", "MKCALENDAR", "LINK",       "UNLINK",    "SOURCE"};

SHttpVerdict ReadMethod(SHttpRequest& request) {
  constexpr std::array<std::pair<std::string_view, EHttpMethod>, 7> kMethods = {{{"GET", EHttpMethod::kGet},
                                                                                 {"HEAD", EHttpMethod::kHead},
                                                                                 {"POST", EHttpMethod::kPost},
                                                                                 {"PUT", EHttpMethod::kPut},
                                                                                 {"PATCH", EHttpMethod::kPatch},
                                                                                 {"DELETE", EHttpMethod::kDelete},
                                                                                 {"OPTIONS", EHttpMethod::kOptions}}};
  for (const auto& [name, method] : kMethods) {
    if (request.methodName != name) continue;
    request.method = method;
    return kGood;
  }
  const bool isKnown = std::find(kOtherMethods.begin(), kOtherMethods.end(), request.methodName) != kOtherMethods.end();
  return isKnown ? kGood : SHttpVerdict{501, "unknown method"};
}

// The request line: one blank after the method and one before the version, and none elsewhere.
SHttpVerdict ReadLine(std::string_view line, SHttpRequest& request) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return {400, "request line without two blanks"};
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsHttpToken(line.substr(0, first))) return {400, "method is no token"};
  request.methodName = line.substr(0, first);
  if (target.empty() || !kTargetBytes.HoldsAllOf(target)) return {400, "bad target"};
  request.target = target;
  const bool isVersion = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' &&
                         kDigits.HoldsAllOf(version.substr(5, 1)) && kDigits.HoldsAllOf(version.substr(7));
  if (!isVersion) return {400, "bad version"};
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return {505, "version is not 1.0 or 1.1"};
  request.minorVersion = static_cast<uint8_t>(version[7] - '0');
  return kGood;
}

struct STarget {
  std::string_view authority;  // of an absolute target
  std::string_view path;       // as SHttpRequest has it
};

// The three forms of a target that a server answers (RFC 9112 §3.2).
SHttpVerdict ReadTarget(const SHttpRequest& request, STarget& parts) {
  parts.path = request.target;
  const bool isOptions = request.methodName == "OPTIONS";
  if (parts.path.front() == '/' || (isOptions && parts.path == "*")) return kGood;
  const size_t mark = parts.path.find("://");
  const std::string_view scheme = parts.path.substr(0, mark);
  // RFC 9110 §7.4: whoever means https must not be answered in the clear.
  if (mark != std::string_view::npos && IsHttpName(scheme, "https")) return {421, "https over a plain connection"};
  if (mark == std::string_view::npos || !IsHttpName(scheme, "http")) return {400, "target is no path"};
  parts.path.remove_prefix(mark + 3);
  parts.authority = parts.path.substr(0, parts.path.find_first_of("/?"));
  if (!CHttpHost::IsAuthority(parts.authority)) return {400, "bad authority"};
  parts.path.remove_prefix(parts.authority.size());
  if (parts.path.empty()) parts.path = isOptions ? "*" : "/";
  return kGood;
}

// The lines between the request line and the empty one, CRLF behind each. None begins with a blank, nor holds a CR or
// LF of its own: CHttpHeadScanner has seen to that.
SHttpVerdict ReadFieldLines(std::string_view lines, SHttpRequest& request) {
  while (!lines.empty()) {
    const size_t end = lines.find('\r');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {400, "field without a colon"};
    if (request.fieldCount == SHttpRequest::kMaxFields) return {431, "too many fields"};
    request.fields[request.fieldCount++] = {line.substr(0, colon), TrimBlanks(line.substr(colon + 1))};
  }
  return kGood;
}

SHttpVerdict ReadLength(std::string_view value, SHttpRequest& request) {
  // 19 digits fit into 64 bits. A tab before or behind them is a blank (RFC 9110 §5.5) that not everybody takes for
  // one: what follows the value of a field is in the head, too.
  if (value.empty() || value.size() > 19 || !kDigits.HoldsAllOf(value) || value.data()[-1] == '\t' ||
      value.data()[value.size()] == '\t') {
    return {400, "bad length"};
  }
  for (const char c : value) request.contentLength = request.contentLength * 10 + static_cast<uint64_t>(c - '0');
  return kGood;
}

SHttpVerdict ReadCodings(std::string_view value, SHttpRequest& request) {
  if (request.minorVersion == 0) return {400, "transfer coding in HTTP/1.0"};
  bool isUnknown = false;
  CHttpList codings(value);
  for (std::string_view coding; codings.Next(coding);) {
    if (request.isChunked) return {400, "chunked is not the last transfer coding"};
    if (IsHttpName(coding, "chunked")) {
      request.isChunked = true;
    } else if (IsHttpToken(coding.substr(0, coding.find_first_of("; \t")))) {
      isUnknown = true;
    } else {
      return {400, "bad transfer coding"};
    }
  }
  // Without it nobody knows where the body ends (RFC 9112 §6.3).
  if (!request.isChunked) return {400, "chunked is not the last transfer coding"};
  return isUnknown ? SHttpVerdict{501, "unknown transfer coding"} : kGood;
}

// What a Connection field says; "close" wins over everything else.
struct SConnectionOptions {
  bool isClose = false;
  bool isKeepAlive = false;

  void Read(std::string_view value) {
    CHttpList options(value);
    for (std::string_view option; options.Next(option);) {
      isClose = isClose || IsHttpName(option, "close");
      isKeepAlive = isKeepAlive || IsHttpName(option, "keep-alive");
    }
  }
};

// The fields that decide where the body ends, and which host is meant: of the field and the `authority` of an absolute
// target, which wins (RFC 9112 §3.2.2).
SHttpVerdict ReadFields(std::string_view authority, SHttpRequest& request) {
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  SHttpVerdict codingVerdict;
  SConnectionOptions options;
  for (SHttpField& field : std::span(request.fields).first(request.fieldCount)) {
    if (!IsHttpToken(field.name)) return {400, "field name is no token"};
    SHttpVerdict verdict;
    // IsHttpName looks at the length first, so the names of most fields are told apart at once.
    if (IsHttpName(field.name, "host")) {
      if (++hosts > 1 || !CHttpHost::IsValid(field.value)) verdict = {400, "repeated or bad Host"};
      if (!authority.empty()) field.value = authority;
    } else if (IsHttpName(field.name, "content-length")) {
      verdict = ++lengths > 1 ? SHttpVerdict{400, "repeated length"} : ReadLength(field.value, request);
    } else if (IsHttpName(field.name, "transfer-encoding")) {
      codingVerdict = ++codings > 1 ? SHttpVerdict{400, "repeated transfer coding"} : ReadCodings(field.value, request);
      if (codingVerdict.status == 400) verdict = codingVerdict;
    } else if (IsHttpName(field.name, "connection")) {
      options.Read(field.value);
    } else if (IsHttpName(field.name, "expect")) {
      if (!IsHttpName(field.value, "100-continue")) verdict = {417, "unknown expectation"};
      request.expectsContinue = request.minorVersion != 0;
    }
    if (verdict.status != 0) return verdict;
  }
  if (lengths != 0 && codings != 0) return {400, "length and transfer coding"};
  if (hosts == 0 && request.minorVersion != 0) return {400, "no Host"};
  request.isKeepAlive = !options.isClose && (request.minorVersion != 0 || options.isKeepAlive);
  return codingVerdict;
}

}  // namespace

SHttpVerdict CHttpHead::Parse(std::string_view head, SHttpRequest& request) {
  request.Reset();
  request.head = head;
  if (head.starts_with("\r\n")) head.remove_prefix(2);
  const size_t lineEnd = head.find('\r');
  SHttpVerdict verdict = ReadLine(head.substr(0, lineEnd), request);
  if (verdict.status != 0) return verdict;
  // The target of CONNECT is an authority; no proxy is here.
  if (request.methodName == "CONNECT") return {405, "CONNECT"};
  STarget parts;
  verdict = ReadTarget(request, parts);
  if (verdict.status != 0) return verdict;
  verdict = ReadMethod(request);
  if (verdict.status != 0) return verdict;
  request.target = parts.path;
  verdict = ReadFieldLines(head.substr(lineEnd + 2, head.size() - lineEnd - 4), request);
  if (verdict.status != 0) return verdict;
  return ReadFields(parts.authority, request);
}

}  // namespace switchboard
