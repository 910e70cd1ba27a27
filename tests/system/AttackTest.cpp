// client-sim's attacks against the real server: each ends as docs/PROTOCOL.md says, and the honest clients beside it
// lose nothing.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/system/CSystemTest.h"

namespace switchboard {
namespace {

class CAttackTest : public CSystemTest {
 protected:
  static constexpr uint32_t kAttackers = 4;

  CServerProcess& StartDemo(std::vector<std::string> overrides = {}) {
    SServerOptions options;
    options.program = "switchboard";
    options.overrides = std::move(overrides);
    return Start(options);
  }
  // Lets attackers of one kind at the server, beside honest clients who must not notice.
  void Attack(const CServerProcess& server, const std::string& kind, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--connect",     "127.0.0.1:" + std::to_string(server.Port()),
                                       "--attack",      kind,
                                       "--attackers",   std::to_string(kAttackers),
                                       "--connections", "4",
                                       "--rate",        "500",
                                       "--duration",    "600ms",
                                       "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    CProgram program("client-sim", arguments, {Folder()});
    EXPECT_EQ(program.Wait(), 0) << program.Output() << program.Errors();
    m_output = program.Output();
  }

  std::string m_output;
};

TEST_F(CAttackTest, ABadLengthIsClosed) {
  CServerProcess& server = StartDemo();
  Attack(server, "bad-length");
  EXPECT_GE(server.Count(ECloseReason::kBadLength), kAttackers);
}

TEST_F(CAttackTest, ABadCrcIsRejectedAndClosed) {
  CServerProcess& server = StartDemo();
  Attack(server, "bad-crc");
  EXPECT_GE(server.Count(ECloseReason::kBadCrc), kAttackers);
  // Each is rejected; those that leave at the end may be gone before the server closes them.
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_LE(server.Count(ECloseReason::kBadCrc), server.Count(ERejectReason::kBadCrc));
  EXPECT_GE(server.Count(ECloseReason::kBadCrc) + kAttackers, server.Count(ERejectReason::kBadCrc));
}

TEST_F(CAttackTest, AnUnknownCodeIsRejectedAndLivesOn) {
  CServerProcess& server = StartDemo();
  Attack(server, "unknown-code");
  EXPECT_GT(server.Count(ERejectReason::kUnknownCode), kAttackers);
  // Both phases' honest connections and the attackers' leave by themselves, the latter with Rejects unread, maybe.
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_EQ(server.Count(ECloseReason::kPeerClosed) + server.Count(ECloseReason::kPeerReset),
            server.Count(ECounter::kConnectionsAccepted));
}

TEST_F(CAttackTest, AnOversizePacketIsClosed) {
  CServerProcess& server = StartDemo();
  Attack(server, "oversize");
  EXPECT_GE(server.Count(ECloseReason::kBadLength), kAttackers);
}

TEST_F(CAttackTest, GarbageIsClosed) {
  CServerProcess& server = StartDemo({"limits.packet_timeout_s=0.1"});
  Attack(server, "garbage");
  EXPECT_GE(server.Count(ECloseReason::kBadLength) + server.Count(ECloseReason::kBadCrc) +
                server.Count(ECloseReason::kPacketTimeout),
            kAttackers);
}

TEST_F(CAttackTest, AHalfOpenConnectionIsClosedWhenItsPacketIsOverdue) {
  CServerProcess& server = StartDemo({"limits.packet_timeout_s=0.1"});
  Attack(server, "half-open");
  EXPECT_GE(server.Count(ECloseReason::kPacketTimeout), kAttackers);
}

TEST_F(CAttackTest, ASlowSenderIsClosedWhenItsPacketIsOverdue) {
  CServerProcess& server = StartDemo({"limits.packet_timeout_s=0.1"});
  Attack(server, "slow-sender");
  EXPECT_GE(server.Count(ECloseReason::kPacketTimeout), kAttackers);
}

TEST_F(CAttackTest, ASlowReaderIsReadNoMore) {
  CServerProcess& server = StartDemo();
  Attack(server, "slow-reader");
  EXPECT_EQ(server.Count(ECloseReason::kSendQueueOverflow), 0U);
}

TEST_F(CAttackTest, ASlowReaderWhoseQueueIsFullIsClosed) {
  CServerProcess& server = StartDemo({"limits.send_queue_bytes=65536"});
  Attack(server, "slow-reader");
  EXPECT_GE(server.Count(ECloseReason::kSendQueueOverflow), kAttackers);
}

TEST_F(CAttackTest, AFloodIsServedOrClosed) {
  CServerProcess& server = StartDemo();
  Attack(server, "flood");
  EXPECT_EQ(server.Count(ECloseReason::kFlood), 0U);
}

TEST_F(CAttackTest, AFloodIsClosedByTheFloodGuard) {
  // The honest send 125 packets a second each.
  CServerProcess& server = StartDemo({"flood.enabled=true", "flood.packets_per_second=1000", "flood.burst=1000"});
  Attack(server, "flood");
  EXPECT_GE(server.Count(ECloseReason::kFlood), kAttackers);
}

TEST_F(CAttackTest, AConnectStormPasses) {
  CServerProcess& server = StartDemo();
  Attack(server, "connect-storm");
  EXPECT_GT(server.Count(ECounter::kConnectionsAccepted), 20U);
}

TEST_F(CAttackTest, ResetsPass) {
  CServerProcess& server = StartDemo();
  Attack(server, "rst");
  EXPECT_GT(server.Count(ECounter::kConnectionsAccepted), 20U);
}

TEST_F(CAttackTest, SeveralKindsAtOnce) {
  CServerProcess& server = StartDemo({"limits.packet_timeout_s=0.1"});
  Attack(server, "bad-crc,half-open,bad-length");
  EXPECT_NE(m_output.find("p99 of the honest clients: "), std::string::npos) << m_output;
  EXPECT_GE(server.Count(ECloseReason::kBadCrc), kAttackers);
  EXPECT_GE(server.Count(ECloseReason::kBadLength), kAttackers);
  EXPECT_GE(server.Count(ECloseReason::kPacketTimeout), kAttackers);
}

TEST_F(CAttackTest, AttackersAlone) {
  CServerProcess& server = StartDemo();
  CProgram program("client-sim",
                   {"--connect", "127.0.0.1:" + std::to_string(server.Port()), "--attack", "bad-length",
                    "--connections", "0", "--duration", "300ms"},
                   {Folder()});
  EXPECT_EQ(program.Wait(), 0) << program.Output() << program.Errors();
  EXPECT_GE(server.Count(ECloseReason::kBadLength), 10U);
}

TEST_F(CAttackTest, AnotherMachineIsNotAttacked) {
  // An address that is kept for documentation (RFC 5737): nothing is sent to it.
  CProgram program("client-sim", {"--connect", "192.0.2.1:9", "--attack", "flood"}, {Folder()});
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_NE(program.Errors().find("--i-own-this-target"), std::string::npos);
}

}  // namespace
}  // namespace switchboard
