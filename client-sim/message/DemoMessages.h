// The messages of the demo server.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/message/CMessage.h"
#include "client-sim/message/DemoBodies.h"

namespace switchboard::sim {

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
      : CEchoMessage(pattern, std::make_shared<const CBodyCrc>(pattern, bodyBytes), bodyBytes) {}
  // The CRCs are of bodies of that size; messages share them.
  CEchoMessage(const CBodyPattern& pattern, std::shared_ptr<const CBodyCrc> p_crc, size_t bodyBytes)
      : CMessage("echo", kEchoCode),
        m_pattern(pattern),
        m_p_crc(std::move(p_crc)),
        m_crc(*m_p_crc),
        m_bodyBytes(bodyBytes) {}
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
  const std::shared_ptr<const CBodyCrc> m_p_crc;
  const CBodyCrc& m_crc;
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

}  // namespace switchboard::sim
