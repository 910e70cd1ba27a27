#include "bench/CGrpcProtocol.h"

#include <cstring>
#include <string_view>

namespace switchboard::bench {
namespace {

using Bytes = CPeerProtocol::Bytes;
using std::operator""sv;

constexpr size_t kFrameHeaderBytes = 9;
constexpr size_t kMessagePrefixBytes = 5 + 2;  // gRPC: compressed?, length; protobuf: field 1 of bytes, length
// The stamp of a connection's request n is the connection's first one plus n.
constexpr uint64_t kSequenceMask = (1ULL << 40) - 1;

enum EFrameType : uint8_t { kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoAway = 7, kWindow = 8 };
enum EFrameFlag : uint8_t { kAck = 0x1, kEndStream = 0x1, kEndHeaders = 0x4 };

// HPACK. The first call: ":method POST" and ":scheme http" from the static table, the others as literals that enter the
// dynamic table. Later calls: those are then the entries 65, 64, 63 and 62.
constexpr std::string_view kFirstHeaders =
    "\x83\x86"
    "\x44\x1c/switchboard.bench.Echo/Call"
    "\x41\x05"
    "bench"
    "\x40\x02te\x08trailers"
    "\x5f\x10"
    "application/grpc"sv;
constexpr std::string_view kLaterHeaders = "\x83\x86\xc1\xc0\xbf\xbe"sv;

void Append(Bytes& out, std::string_view text) {
  const auto* p_text = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), p_text, p_text + text.size());
}

void AppendFrame(Bytes& out, EFrameType type, uint8_t flags, uint32_t stream, std::string_view payload) {
  const size_t size = payload.size();
  const uint8_t header[kFrameHeaderBytes]{static_cast<uint8_t>(size >> 16),
                                          static_cast<uint8_t>(size >> 8),
                                          static_cast<uint8_t>(size),
                                          type,
                                          flags,
                                          static_cast<uint8_t>(stream >> 24),
                                          static_cast<uint8_t>(stream >> 16),
                                          static_cast<uint8_t>(stream >> 8),
                                          static_cast<uint8_t>(stream)};
  Append(out, {reinterpret_cast<const char*>(header), sizeof(header)});
  Append(out, payload);
}

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

struct CGrpcProtocol::SFrameAt {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::span<const std::byte> payload;

  // Reads the frame at the front; false when it isn't whole.
  bool Read(std::span<const std::byte> input) {
    if (input.size() < kFrameHeaderBytes) return false;
    const auto at = [&](size_t i) { return std::to_integer<uint32_t>(input[i]); };
    const size_t size = at(0) << 16 | at(1) << 8 | at(2);
    if (input.size() < kFrameHeaderBytes + size) return false;
    type = static_cast<uint8_t>(at(3));
    flags = static_cast<uint8_t>(at(4));
    stream = (at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8)) & 0x7FFFFFFF;
    payload = input.subspan(kFrameHeaderBytes, size);
    return true;
  }
  size_t Bytes() const { return kFrameHeaderBytes + payload.size(); }
};

CGrpcProtocol::CGrpcProtocol(size_t bodyBytes) {
  if (bodyBytes > 100) throw std::invalid_argument("grpc: at most 100 bytes of body");
  const char prefix[kMessagePrefixBytes]{
      0, 0, 0, 0, static_cast<char>(bodyBytes + 2), 0x0a, static_cast<char>(bodyBytes)};
  Append(m_message, {prefix, sizeof(prefix)});
  m_message.resize(m_message.size() + bodyBytes, std::byte{'x'});
}

Bytes CGrpcProtocol::Hello() const {
  Bytes out;
  Append(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  AppendFrame(out, kSettings, 0, 0, {});
  // A window of 2 GiB for the whole connection, so that none need be given while it is measured.
  AppendFrame(out, kWindow, 0, 0, "\x7f\xff\x00\x00"sv);
  // The server's settings are on their way since it has accepted, and whatever they say suits these requests.
  AppendFrame(out, kSettings, kAck, 0, {});
  return out;
}

size_t CGrpcProtocol::WelcomeBytes(std::span<const std::byte> input) const {
  bool isAcknowledged = false;
  size_t bytes = 0;
  for (SFrameAt frame; frame.Read(input.subspan(bytes)); bytes += frame.Bytes()) {
    isAcknowledged = isAcknowledged || (frame.type == kSettings && (frame.flags & kAck) != 0);
  }
  return isAcknowledged && bytes == input.size() ? bytes : 0;
}

void CGrpcProtocol::Ask(Bytes& out, uint64_t stamp) {
  out.insert(out.end(), m_answers.begin(), m_answers.end());
  m_answers.clear();
  const uint64_t sequence = stamp & kSequenceMask;
  const auto stream = static_cast<uint32_t>(2 * sequence + 1);
  AppendFrame(out, kHeaders, kEndHeaders, stream, sequence == 0 ? kFirstHeaders : kLaterHeaders);
  std::memcpy(m_message.data() + kMessagePrefixBytes, &stamp, sizeof(stamp));
  AppendFrame(out, kData, kEndStream, stream, TextOf(m_message));
}

size_t CGrpcProtocol::TakeReply(std::span<const std::byte> input, uint64_t stamp) {
  size_t bytes = 0;
  size_t messages = 0;
  size_t answersBefore = m_answers.size();
  for (SFrameAt frame; frame.Read(input.subspan(bytes));) {
    bytes += frame.Bytes();
    if (frame.type == kReset || frame.type == kGoAway) throw CWrongReply("the server ended a call or the connection");
    if (frame.type == kPing && (frame.flags & kAck) == 0) AppendFrame(m_answers, kPing, kAck, 0, TextOf(frame.payload));
    if (frame.type == kData) {
      CheckMessage(frame, stamp);
      ++messages;
    }
    if (frame.type != kHeaders || (frame.flags & kEndStream) == 0) continue;
    if (messages != 1) throw CWrongReply("a call ended without its message");
    return bytes;
  }
  m_answers.resize(answersBefore);  // they are read again with the rest of the reply
  return 0;
}

void CGrpcProtocol::CheckMessage(const SFrameAt& frame, uint64_t stamp) {
  // Calls may be answered in any order, so the stream says whose message it is.
  const uint64_t asked = (stamp & ~kSequenceMask) | (frame.stream / 2);
  std::memcpy(m_message.data() + kMessagePrefixBytes, &asked, sizeof(asked));
  if (TextOf(frame.payload) != TextOf(m_message)) throw CWrongReply("a message is not that of its call");
}

}  // namespace switchboard::bench
