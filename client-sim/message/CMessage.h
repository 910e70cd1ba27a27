#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/message/CBodyPattern.h"
#include "client-sim/message/CPendingRing.h"
#include "client-sim/message/DemoBodies.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {

enum class EVerdict : uint8_t {
  kRight,    // what the request asked for
  kRefused,  // a well-formed "no" that the request had to reckon with
  kWrong     // no answer to that request
};

// A body that was just written.
struct SBody {
  size_t bytes;
  uint32_t crc32;
};

// What the body of the right reply is, as far as it is known before.
struct SWantedBody {
  std::vector<std::byte> front;
  bool isWhole = false;  // nothing follows
};

// One kind of request: writes its bodies and knows the right answers.
// Threads: any; constant after construction.
class CMessage {
 public:
  CMessage(std::string name, uint16_t msgCode) : CMessage(std::move(name), msgCode, msgCode) {}
  CMessage(std::string name, uint16_t msgCode, uint16_t replyCode, bool isOneWay = false)
      : m_name(std::move(name)), m_msgCode(msgCode), m_replyCode(replyCode), m_isOneWay(isOneWay) {}
  virtual ~CMessage() = default;
  CMessage(const CMessage&) = delete;
  CMessage& operator=(const CMessage&) = delete;

  const std::string& Name() const { return m_name; }
  uint16_t MsgCode() const { return m_msgCode; }
  // Writes one frame; returns its bytes.
  size_t WriteFrame(SRequestId id, std::byte* p_frame) const;
  uint16_t ReplyCode() const { return m_replyCode; }
  // No answer comes, unless a Reject.
  bool IsOneWay() const { return m_isOneWay; }

  // Writes the body to `p_body`, where kMaxBodyBytes have room.
  virtual SBody WriteBody(SRequestId id, std::byte* p_body) const = 0;
  // The reason of the Reject that is the right answer, if one is.
  virtual std::optional<uint16_t> ExpectedReject() const { return std::nullopt; }
  // The right reply is the request itself, byte for byte.
  virtual bool IsMirrored() const { return false; }
  // Bytes of each of its frames; 0 if they differ.
  virtual size_t FixedFrameBytes() const { return 0; }
  // Writes the frames of `count` requests in a row, back to back. Only with FixedFrameBytes.
  virtual void WriteFrames(SRequestId first, size_t count, std::byte* p_frames) const;
  // `frame` is any frame that came from the server but a Reject, CRC unchecked.
  virtual EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const = 0;
  // The request that this reply names itself, if replies of this kind do.
  virtual std::optional<SRequestId> RequestOf(const SFrame&) const { return std::nullopt; }
  // For people, who are to see what is wrong about a reply. A mirrored message wants its own body.
  virtual SWantedBody WantedBody(SRequestId id) const;
  // How a frame differs from the right reply: what was got, and what was wanted.
  std::string Difference(SRequestId id, const SFrame& got) const;

 private:
  const std::string m_name;
  const uint16_t m_msgCode;
  const uint16_t m_replyCode;
  const bool m_isOneWay;
};

// An empty request, an empty reply.
class CPingMessage : public CMessage {
 public:
  CPingMessage() : CMessage("ping", kPingCode) {}
  SBody WriteBody(SRequestId, std::byte*) const override { return {0, 0}; }
  bool IsMirrored() const override { return true; }
  size_t FixedFrameBytes() const override { return kHeaderBytes; }
  EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const override;
};

// The same body back.
class CEchoMessage : public CMessage {
 public:
  CEchoMessage(const CBodyPattern& pattern, size_t bodyBytes)
      : CMessage("echo", kEchoCode), m_pattern(pattern), m_crc(pattern, bodyBytes), m_bodyBytes(bodyBytes) {}
  SBody WriteBody(SRequestId id, std::byte* p_body) const override {
    m_pattern.Write(id, {p_body, m_bodyBytes});
    return {m_bodyBytes, m_crc.Of(id)};
  }
  bool IsMirrored() const override { return true; }
  size_t FixedFrameBytes() const override { return kHeaderBytes + m_bodyBytes; }
  void WriteFrames(SRequestId first, size_t count, std::byte* p_frames) const override;
  EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const override;
  std::optional<SRequestId> RequestOf(const SFrame& frame) const override;

 private:
  const CBodyPattern& m_pattern;
  const CBodyCrc m_crc;
  const size_t m_bodyBytes;
};

// Registers an account. A refusal is the server's good right.
class CRegisterMessage : public CMessage {
 public:
  enum class EAccounts : uint8_t {
    kNew,              // another one each time
    kOfTheConnection,  // always the one that COwnLoginMessage uses
  };
  // Every user name begins with `namePrefix`, at most 20 bytes.
  explicit CRegisterMessage(std::string namePrefix, EAccounts accounts = EAccounts::kNew)
      : CMessage("register", kRegisterCode), m_namePrefix(std::move(namePrefix)), m_accounts(accounts) {}
  SBody WriteBody(SRequestId id, std::byte* p_body) const override;
  EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const override;

 private:
  const std::string m_namePrefix;
  const EAccounts m_accounts;
};

// Logs in with one of the accounts that this run has registered, so anything but success is wrong.
class CLoginMessage : public CMessage {
 public:
  // `accounts` holds at least one.
  explicit CLoginMessage(std::vector<SLoginBody> accounts)
      : CMessage("login", kLoginCode), m_accounts(std::move(accounts)) {}
  SBody WriteBody(SRequestId id, std::byte* p_body) const override;
  EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const override;
  SWantedBody WantedBody(SRequestId id) const override;

 private:
  const std::vector<SLoginBody> m_accounts;
};

// Logs in with the account that its connection has registered.
class COwnLoginMessage : public CMessage {
 public:
  explicit COwnLoginMessage(std::string namePrefix)
      : CMessage("login", kLoginCode), m_namePrefix(std::move(namePrefix)) {}
  SBody WriteBody(SRequestId id, std::byte* p_body) const override;
  EVerdict Judge(SRequestId id, const SPending& pending, const SFrame& frame) const override;
  SWantedBody WantedBody(SRequestId id) const override;

 private:
  const std::string m_namePrefix;
};

// True when the frame's CRC is that of its body.
bool IsIntact(const SFrame& frame);

}  // namespace switchboard::sim
