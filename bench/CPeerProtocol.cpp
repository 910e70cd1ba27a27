#include "bench/CPeerProtocol.h"

#include <algorithm>
#include <cstring>

#include "bench/CGrpcProtocol.h"
#include "bench/CHttpGetProtocol.h"
#include "misc/CCrc32.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/CFrameEncoder.h"

namespace switchboard::bench {

namespace {

using Bytes = CPeerProtocol::Bytes;

Bytes ToBytes(std::string_view text) {
  const auto* p_text = reinterpret_cast<const std::byte*>(text.data());
  return {p_text, p_text + text.size()};
}

void Append(Bytes& out, std::span<const std::byte> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

bool BeginsWith(std::span<const std::byte> input, std::span<const std::byte> front) {
  return input.size() >= front.size() && std::memcmp(input.data(), front.data(), front.size()) == 0;
}

// Requests and replies that are the same bytes around the same stamped body each time.
class CTemplate {
 public:
  CTemplate(std::string_view before, size_t bodyBytes, std::string_view after) : m_bodyAt(before.size()) {
    m_bytes = ToBytes(before);
    m_bytes.resize(m_bytes.size() + bodyBytes, std::byte{'x'});
    Append(m_bytes, ToBytes(after));
  }

  // The bytes with the stamp in the first eight of the body.
  std::span<const std::byte> With(uint64_t stamp) {
    std::memcpy(m_bytes.data() + m_bodyAt, &stamp, sizeof(stamp));
    return m_bytes;
  }
  std::span<const std::byte> Plain() const { return m_bytes; }
  // As CPeerProtocol::TakeReply.
  static size_t Compare(std::span<const std::byte> input, std::span<const std::byte> expected) {
    const size_t bytes = std::min(input.size(), expected.size());
    if (!BeginsWith(input, expected.first(bytes))) throw CWrongReply("a reply is not what was asked for");
    return bytes == expected.size() ? bytes : 0;
  }

 private:
  const size_t m_bodyAt;
  Bytes m_bytes;
};

// Switchboard's packets.
class CPacketProtocol final : public CPeerProtocol {
 public:
  CPacketProtocol(size_t bodyBytes, uint16_t msgCode) : m_msgCode(msgCode), m_body(bodyBytes) {}

  void Ask(Bytes& out, uint64_t stamp) override {
    std::memcpy(m_body.data(), &stamp, sizeof(stamp));
    const size_t at = out.size();
    out.resize(at + kHeaderBytes + m_body.size());
    CFrameEncoder::WriteFrame(out.data() + at, m_msgCode, m_body);
  }

  size_t TakeReply(std::span<const std::byte> input, uint64_t stamp) override {
    if (input.size() < kHeaderBytes + m_body.size()) return 0;
    const SFrame frame = SFrame::At(input.data());
    std::memcpy(m_body.data(), &stamp, sizeof(stamp));
    const bool isRight = frame.msgCode == m_msgCode && frame.body.size() == m_body.size() &&
                         frame.crc32 == CCrc32::Of(frame.body) && BeginsWith(frame.body, m_body);
    if (!isRight) throw CWrongReply("a packet is not the echo of its request");
    return frame.Bytes();
  }

 private:
  const uint16_t m_msgCode;
  Bytes m_body;
};

// Redis: PING with a message, which is an echo (https://redis.io/docs/reference/protocol-spec).
class CRedisPingProtocol final : public CPeerProtocol {
 public:
  explicit CRedisPingProtocol(size_t bodyBytes)
      : m_request("*2\r\n$4\r\nPING\r\n$" + std::to_string(bodyBytes) + "\r\n", bodyBytes, "\r\n"),
        m_reply('$' + std::to_string(bodyBytes) + "\r\n", bodyBytes, "\r\n") {}

  void Ask(Bytes& out, uint64_t stamp) override { Append(out, m_request.With(stamp)); }
  size_t TakeReply(std::span<const std::byte> input, uint64_t stamp) override {
    return CTemplate::Compare(input, m_reply.With(stamp));
  }

 private:
  CTemplate m_request;
  CTemplate m_reply;
};

// A text protocol where one value is stored at the start, and read by each request.
class CValueProtocol final : public CPeerProtocol {
 public:
  CValueProtocol(CTemplate store, std::string_view stored, std::string_view get, CTemplate value)
      : m_store(std::move(store)), m_stored(ToBytes(stored)), m_get(ToBytes(get)), m_value(std::move(value)) {}

  static std::unique_ptr<CPeerProtocol> Redis(size_t bodyBytes) {
    const std::string size = std::to_string(bodyBytes);
    return std::make_unique<CValueProtocol>(
        CTemplate("*3\r\n$3\r\nSET\r\n$5\r\nbench\r\n$" + size + "\r\n", bodyBytes, "\r\n"), "+OK\r\n",
        "*2\r\n$3\r\nGET\r\n$5\r\nbench\r\n", CTemplate('$' + size + "\r\n", bodyBytes, "\r\n"));
  }
  static std::unique_ptr<CPeerProtocol> Memcached(size_t bodyBytes) {
    const std::string size = std::to_string(bodyBytes);
    return std::make_unique<CValueProtocol>(CTemplate("set bench 0 0 " + size + "\r\n", bodyBytes, "\r\n"),
                                            "STORED\r\n", "get bench\r\n",
                                            CTemplate("VALUE bench 0 " + size + "\r\n", bodyBytes, "\r\nEND\r\n"));
  }

  Bytes Hello() const override { return {m_store.Plain().begin(), m_store.Plain().end()}; }
  size_t WelcomeBytes(std::span<const std::byte> input) const override { return CTemplate::Compare(input, m_stored); }
  void Ask(Bytes& out, uint64_t) override { Append(out, m_get); }
  size_t TakeReply(std::span<const std::byte> input, uint64_t) override {
    return CTemplate::Compare(input, m_value.Plain());
  }

 private:
  CTemplate m_store;
  Bytes m_stored;
  Bytes m_get;
  CTemplate m_value;
};

// ZeroMQ's ZMTP 3.0 with the NULL mechanism (https://rfc.zeromq.org/spec/23): a REQ that talks to a REP or ROUTER.
class CZeroMqProtocol final : public CPeerProtocol {
 public:
  // An empty delimiter frame, then the body in a short frame.
  explicit CZeroMqProtocol(size_t bodyBytes) : m_message(MessageFront(bodyBytes), bodyBytes, {}) {
    if (bodyBytes > 255) throw std::invalid_argument("zeromq: at most 255 bytes of body");
  }

  Bytes Hello() const override {
    std::string hello = std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16);
    hello.resize(kGreetingBytes, '\0');
    hello += std::string("\4\x1c\5READY\13Socket-Type\0\0\0\6DEALER", 30);
    return ToBytes(hello);
  }

  size_t WelcomeBytes(std::span<const std::byte> input) const override {
    if (input.size() < kGreetingBytes + 2) return 0;
    const size_t bytes = kGreetingBytes + 2 + std::to_integer<size_t>(input[kGreetingBytes + 1]);
    return input.size() < bytes ? 0 : bytes;
  }

  void Ask(Bytes& out, uint64_t stamp) override { Append(out, m_message.With(stamp)); }
  size_t TakeReply(std::span<const std::byte> input, uint64_t stamp) override {
    return CTemplate::Compare(input, m_message.With(stamp));
  }

 private:
  static constexpr size_t kGreetingBytes = 64;
  static std::string MessageFront(size_t bodyBytes) {
    return {'\1', '\0', '\0', static_cast<char>(bodyBytes)};  // flags "more", size; flags "last", size
  }

  CTemplate m_message;
};

}  // namespace

std::unique_ptr<CPeerProtocol> CPeerProtocol::Make(std::string_view name, size_t bodyBytes, uint16_t msgCode) {
  if (bodyBytes < sizeof(uint64_t)) throw std::invalid_argument("a body has at least the 8 bytes of its stamp");
  if (name == "packet") return std::make_unique<CPacketProtocol>(bodyBytes, msgCode);
  if (name == "redis-ping") return std::make_unique<CRedisPingProtocol>(bodyBytes);
  if (name == "redis-get") return CValueProtocol::Redis(bodyBytes);
  if (name == "memcached-get") return CValueProtocol::Memcached(bodyBytes);
  if (name == "zeromq") return std::make_unique<CZeroMqProtocol>(bodyBytes);
  if (name == "http-get") return std::make_unique<CHttpGetProtocol>(bodyBytes);
  if (name == "grpc") return std::make_unique<CGrpcProtocol>(bodyBytes);
  throw std::invalid_argument("unknown protocol; there are: " + std::string(kNames));
}

}  // namespace switchboard::bench
