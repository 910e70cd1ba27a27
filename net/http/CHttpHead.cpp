#include "net/http/CHttpHead.h"

#include <http_parser.h>

#include "net/http/CByteSet.h"
#include "net/http/CHttpHost.h"
#include "net/http/HttpText.h"

namespace switchboard {

namespace {

constexpr SHttpVerdict kGood{};

constexpr CByteSet kDigits("0123456789");

// What http_parser's callbacks fill.
struct SSplit {
  SHttpRequest& request;
  bool isNameOpen = false;  // a name has come, its value not yet
  bool isFull = false;
  bool isOdd = false;  // two values for a name: a folded field
};

SSplit& SplitOf(http_parser* p_parser) { return *static_cast<SSplit*>(p_parser->data); }

int OnTarget(http_parser* p_parser, const char* p_at, size_t length) {
  SplitOf(p_parser).request.target = {p_at, length};
  return 0;
}

int OnName(http_parser* p_parser, const char* p_at, size_t length) {
  SSplit& split = SplitOf(p_parser);
  if (split.request.fieldCount == SHttpRequest::kMaxFields) {
    split.isFull = true;
    return 1;
  }
  split.request.fields[split.request.fieldCount].name = {p_at, length};
  split.isNameOpen = true;
  return 0;
}

int OnValue(http_parser* p_parser, const char* p_at, size_t length) {
  SSplit& split = SplitOf(p_parser);
  if (!split.isNameOpen) {
    split.isOdd = true;
    return 1;
  }
  split.isNameOpen = false;
  split.request.fields[split.request.fieldCount++].value = TrimBlanks({p_at, length});
  return 0;
}

// The body is not the library's business.
int OnHeadEnd(http_parser*) { return 2; }

constexpr http_parser_settings MakeSettings() {
  http_parser_settings settings{};
  settings.on_url = OnTarget;
  settings.on_header_field = OnName;
  settings.on_header_value = OnValue;
  settings.on_headers_complete = OnHeadEnd;
  return settings;
}
constexpr http_parser_settings kSettings = MakeSettings();

EHttpMethod MethodOf(unsigned int method) {
  switch (method) {
    case HTTP_GET:
      return EHttpMethod::kGet;
    case HTTP_HEAD:
      return EHttpMethod::kHead;
    case HTTP_POST:
      return EHttpMethod::kPost;
    case HTTP_PUT:
      return EHttpMethod::kPut;
    case HTTP_PATCH:
      return EHttpMethod::kPatch;
    case HTTP_DELETE:
      return EHttpMethod::kDelete;
    case HTTP_OPTIONS:
      return EHttpMethod::kOptions;
    default:
      return EHttpMethod::kOther;
  }
}

// The request line, of which the library would let pass several blanks, blanks in the target, and versions to come.
SHttpVerdict ReadLine(std::string_view line, SHttpRequest& request) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return {400, "request line without two blanks"};
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsHttpToken(line.substr(0, first))) return {400, "method is no token"};
  request.methodName = line.substr(0, first);
  if (target.empty() || target.find_first_of(" \t#") != std::string_view::npos) return {400, "bad target"};
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

SHttpVerdict Split(std::string_view head, SHttpRequest& request) {
  SSplit split{request};
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &split;
  const size_t eaten = http_parser_execute(&parser, &kSettings, head.data(), head.size());
  request.method = MethodOf(parser.method);
  if (split.isFull) return {431, "too many fields"};
  if (split.isOdd) return {400, "folded field"};
  switch (HTTP_PARSER_ERRNO(&parser)) {
    case HPE_OK:
      break;
    case HPE_INVALID_METHOD:
      return {501, "unknown method"};
    case HPE_HEADER_OVERFLOW:
      return {431, "head too long"};
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return {400, "bad length"};
    default:
      return {400, "bad head"};
  }
  return eaten == head.size() ? kGood : SHttpVerdict{400, "bad head"};
}

SHttpVerdict ReadLength(std::string_view value, SHttpRequest& request) {
  // 19 digits fit into 64 bits.
  if (value.empty() || value.size() > 19 || !kDigits.HoldsAllOf(value)) return {400, "bad length"};
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
  SHttpVerdict verdict = ReadLine(head.substr(0, head.find("\r\n")), request);
  if (verdict.status != 0) return verdict;
  const std::string_view target = request.target;
  // http_parser reads the target of CONNECT as an authority; no proxy is here.
  if (request.methodName == "CONNECT") return {405, "CONNECT"};
  STarget parts;
  verdict = ReadTarget(request, parts);
  if (verdict.status != 0) return verdict;
  verdict = Split(head, request);
  if (verdict.status != 0) return verdict;
  if (request.target != target) return {400, "bad target"};
  request.target = parts.path;
  return ReadFields(parts.authority, request);
}

}  // namespace switchboard
