#include "bench/CFaultProtocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <span>
#include <stdexcept>

#include "logic/MsgCode.h"
#include "misc/CCrc32.h"
#include "net/wire/CFrameEncoder.h"
#include "net/wire/Wire.h"

namespace switchboard::bench {

namespace {

// 56 bytes, as elsewhere in this folder.
std::string BodyOf(uint64_t stamp) { return fmt::format("{:056}", stamp); }

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

// Switchboard's packets: an echo, and GoAway.
class CPacketProtocol final : public CFaultProtocol {
 public:
  std::string Request(uint64_t stamp) const override {
    const std::string body = BodyOf(stamp);
    std::string frame(kHeaderBytes + body.size(), '\0');
    CFrameEncoder::WriteFrame(reinterpret_cast<std::byte*>(frame.data()), kEcho, BytesOf(body));
    return frame;
  }

  EAnswer Take(std::string& input, uint64_t stamp) const override {
    if (input.size() < kHeaderBytes) return EAnswer::kNone;
    SPacketHeader header;
    std::copy_n(input.data(), kHeaderBytes, reinterpret_cast<char*>(&header));
    if (header.pkgLen < kHeaderBytes) return EAnswer::kWrong;
    if (input.size() < header.pkgLen) return EAnswer::kNone;
    const std::string body = input.substr(kHeaderBytes, header.pkgLen - kHeaderBytes);
    input.erase(0, header.pkgLen);
    if (CCrc32::Of(BytesOf(body)) != header.crc32) return EAnswer::kWrong;
    if (header.msgCode == kGoAwayCode) return EAnswer::kLeave;
    return header.msgCode == kEcho && body == BodyOf(stamp) ? EAnswer::kReply : EAnswer::kWrong;
  }
};

// HTTP/1.1 with connections that stay, against a server that answers 200 with the path of the request as its body.
class CHttpProtocol final : public CFaultProtocol {
 public:
  std::string Request(uint64_t stamp) const override {
    return fmt::format("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", BodyOf(stamp));
  }

  EAnswer Take(std::string& input, uint64_t stamp) const override {
    const size_t headEnd = input.find("\r\n\r\n");
    if (headEnd == std::string::npos) return EAnswer::kNone;
    std::string head = input.substr(0, headEnd + 2);
    std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
    const size_t bodyBytes = NumberBehind(head, "\r\ncontent-length: ");
    if (input.size() < headEnd + 4 + bodyBytes) return EAnswer::kNone;
    const std::string body = input.substr(headEnd + 4, bodyBytes);
    input.erase(0, headEnd + 4 + bodyBytes);
    if (!head.starts_with("http/1.1 200 ") || body != "/" + BodyOf(stamp)) return EAnswer::kWrong;
    return head.find("\r\nconnection: close\r\n") == std::string::npos ? EAnswer::kReply : EAnswer::kLastReply;
  }

 private:
  static size_t NumberBehind(const std::string& head, std::string_view name) {
    const size_t at = head.find(name);
    size_t number = 0;
    if (at != std::string::npos) std::from_chars(head.data() + at + name.size(), head.data() + head.size(), number);
    return number;
  }
};

}  // namespace

std::unique_ptr<CFaultProtocol> CFaultProtocol::Make(std::string_view name) {
  if (name == "packet") return std::make_unique<CPacketProtocol>();
  if (name == "http") return std::make_unique<CHttpProtocol>();
  throw std::invalid_argument(fmt::format("no protocol '{}'; there are {}", name, kNames));
}

}  // namespace switchboard::bench
