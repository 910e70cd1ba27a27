#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "net/conn/CSession.h"
#include "testing/CTestPacket.h"

namespace switchboard {

enum class ECloseReason : uint8_t;
class CTestHost;

// One client of a CTestServer: a connection, over which packets are sent and received. What waits for the server waits
// for CTestServerBase's patience at most. All throw CTestFailure when it isn't as expected.
// Threads: one owner. May outlive its server, of which it then sees the end.
class CTestSession {
 public:
  CTestSession(std::shared_ptr<CTestHost> p_host, uint16_t port);
  CTestSession(CTestSession&& other) noexcept;
  CTestSession& operator=(CTestSession&& other) noexcept;
  ~CTestSession();

  // What handlers know it by.
  const CSession& Session() const;

  // Sends a packet, and doesn't wait for anything.
  void Send(uint16_t msgCode, const CTestBody& body = {});
  // Sends bytes as they are: what is no packet, or a part of one.
  void SendBytes(std::span<const std::byte> bytes);
  // Sends a request and returns its answer: the next packet with its msgCode, or the Reject of it. What comes before
  // that was pushed, and is kept for Next and Expect.
  CTestPacket Ask(uint16_t msgCode, const CTestBody& body = {}) { return AskFor(msgCode, msgCode, body); }
  // The same for a request that is answered with another msgCode.
  CTestPacket AskFor(uint16_t answerCode, uint16_t msgCode, const CTestBody& body = {});
  // The next packet, whatever it is.
  CTestPacket Next();

  // The next packet is a reply or a push with exactly this.
  void Expect(uint16_t msgCode, const CTestBody& body = {});
  // The next packet is the Reject of a request with this msgCode; the other for a reason of the logic's own.
  void ExpectReject(uint16_t msgCode, ERejectReason reason);
  void ExpectReject(uint16_t msgCode, uint16_t userReason);
  // Nothing more has come when the server has done all that it was asked, and comes before the clock moves on or
  // another client says something; and it hasn't closed the connection. What threads of the logic's own are about to do
  // isn't known.
  void ExpectSilence();
  // The server closes the connection, and counts it under this reason; nothing comes before that.
  void ExpectClose(ECloseReason reason);

  // The client ends the connection; returns when the server has noticed and is at rest.
  void Close();

 private:
  struct SState;
  // The next packet there is without waiting; false when there is none.
  bool TakeOne(std::unique_ptr<CTestPacket>& p_packet);
  CTestPacket Receive(const std::string& expected);
  [[noreturn]] void Fail(const std::string& expected, const std::string& got) const;

  std::unique_ptr<SState> m_p_state;
};

}  // namespace switchboard
