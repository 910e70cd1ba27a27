#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "net/http/SHttpField.h"

namespace switchboard {

// Why a request is refused: an HTTP status, after which the connection is closed, and words for the log. 0: it is not.
struct SHttpVerdict {
  uint16_t status = 0;
  const char* p_reason = "";
};

// What a request may measure, in bytes.
struct SHttpLimits {
  // A head is at most this long, whatever headBytes says.
  static constexpr size_t kMaxHeadBytes = 64 * 1024;

  size_t lineBytes = 8192;   // of the request line: beyond it 414
  size_t headBytes = 32768;  // of request line and header fields: beyond it 431
  size_t bodyBytes = 65536;  // of the body, decoded, below 1 GiB: beyond it 413
};

// A request. The views point to where its bytes lie, in a read buffer or in the parser, and live as long as these.
// It is large (3 KiB): keep one for many requests.
// Threads: one owner at a time.
struct SHttpRequest {
  static constexpr size_t kMaxFields = 100;  // beyond it 431

  EHttpMethod method = EHttpMethod::kOther;
  uint8_t minorVersion = 1;      // of HTTP/1.0 or HTTP/1.1
  bool isKeepAlive = false;      // the client wants to send another request on this connection
  bool isChunked = false;        // the body comes (came) in chunks
  bool expectsContinue = false;  // the client waits for "100 Continue" before it sends the body
  uint64_t contentLength = 0;    // bytes of a body that is not chunked
  std::string_view methodName;
  // Begins with '/', or is "*" (of OPTIONS); no blanks, no controls, no '#'. Of an absolute target it is what follows
  // the authority, which is then the value of the Host field; without a path that may be "?query", which means
  // "/?query".
  std::string_view target;
  std::string_view head;  // all bytes of request line, fields and empty line, as received
  std::string_view body;  // decoded; empty before it has arrived

  std::span<const SHttpField> Fields() const { return {fields.data(), fieldCount}; }
  bool HasBody() const { return isChunked || contentLength != 0; }
  // The value of the first field of this name; `name` is in small letters.
  std::optional<std::string_view> Find(std::string_view name) const;
  // Forgets everything; costs little.
  void Reset();

  uint32_t fieldCount = 0;
  std::array<SHttpField, kMaxFields> fields;
};

}  // namespace switchboard
