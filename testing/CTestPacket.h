#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace switchboard {

enum class ERejectReason : uint16_t;

// What a test of handlers throws when something isn't as expected: what() says what was expected, what came, and the
// last lines of the server's log. Every test framework reports an exception as a failure.
class CTestFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The body of a packet that a test sends or expects: nothing, a text, bytes, or a packed struct, whose bytes are
// copied.
// Threads: one owner.
class CTestBody {
 public:
  CTestBody() = default;
  CTestBody(std::span<const std::byte> bytes) : m_bytes(bytes.begin(), bytes.end()) {}
  CTestBody(std::string_view text) : CTestBody(std::as_bytes(std::span(text))) {}
  CTestBody(const std::string& text) : CTestBody(std::string_view(text)) {}
  CTestBody(const char* p_text) : CTestBody(std::string_view(p_text)) {}
  template <class T>
  requires(std::is_class_v<T> && !std::is_convertible_v<const T&, std::string_view> &&
           !std::is_convertible_v<const T&, std::span<const std::byte>>) CTestBody(const T& body)
      : CTestBody(std::as_bytes(std::span(&body, 1))) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1,
                  "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)");
  }

  std::span<const std::byte> Bytes() const { return m_bytes; }

 private:
  std::vector<std::byte> m_bytes;
};

// A packet that a client got: a reply, a push, a Reject or a GoAway. Threads: one owner.
class CTestPacket {
 public:
  CTestPacket(uint16_t msgCode, std::span<const std::byte> body) : m_msgCode(msgCode), m_body(body) {}

  // Of a Reject: 65535.
  uint16_t MsgCode() const { return m_msgCode; }
  std::span<const std::byte> Body() const { return m_body.Bytes(); }
  // The body as a text, or as a packed struct that is as long. Throws CTestFailure for another length and a Reject.
  std::string Text() const;
  template <class T>
  T As() const {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1,
                  "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)");
    CheckSize(sizeof(T));
    T body;
    std::memcpy(&body, Body().data(), sizeof(T));
    return body;
  }

  bool IsReject() const;
  // Of a Reject: which request it refuses, and why; a reason of the logic's own is its number. Of what is none: 0 and
  // kNone.
  uint16_t RejectedCode() const;
  ERejectReason Reason() const;

  // In a line, as failures tell of it: "a packet of msgCode 7 with 2 bytes: 68 69 (\"hi\")".
  std::string ToString() const;

 private:
  void CheckSize(size_t bytes) const;

  uint16_t m_msgCode;
  CTestBody m_body;
};

}  // namespace switchboard
