// Live clients are recorded through the proxy, and played against another server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "misc/thread/CThread.h"
#include "tests/system/CProgram.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::HasSubstr;
using testing::Not;

// The demo codes of the real server.
constexpr uint16_t kDemoPing = 0;
constexpr uint16_t kDemoEcho = 7;

class CReplayTest : public CSystemTest {
 protected:
  static std::string Address(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }
  std::string Record() const { return (Folder() / "frames.sbr").string(); }

  CServerProcess& StartReal() {
    SServerOptions options;
    options.program = "switchboard";
    return Start(options);
  }
  std::unique_ptr<CProgram> Sim(std::vector<std::string> arguments) const {
    return std::make_unique<CProgram>("client-sim", arguments, SProgramOptions{Folder()});
  }
  // Begins to record, and returns the port for clients.
  uint16_t StartProxy(uint16_t serverPort) {
    m_p_proxy = Sim({"proxy", "--listen", "127.0.0.1:0", "--connect", Address(serverPort), "--record", Record()});
    const std::string before = "listening on 127.0.0.1:";
    EXPECT_TRUE(Eventually([&] { return m_p_proxy->Output().find(", connecting") != std::string::npos; }))
        << m_p_proxy->Errors();
    const std::string output = m_p_proxy->Output();
    const size_t at = output.find(before);
    return at == std::string::npos ? uint16_t{1} : static_cast<uint16_t>(std::stoi(output.substr(at + before.size())));
  }
  // What it printed.
  std::string StopProxy(int expectedExitCode = 0) {
    m_p_proxy->Signal(SIGTERM);
    EXPECT_EQ(m_p_proxy->Wait(), expectedExitCode) << m_p_proxy->Errors();
    return m_p_proxy->Output();
  }
  // Plays the record; what it printed.
  std::string Replay(uint16_t port, std::vector<std::string> arguments, int expectedExitCode) const {
    arguments.insert(arguments.begin(), {"replay", Record(), "--connect", Address(port)});
    const auto p_replay = Sim(std::move(arguments));
    EXPECT_EQ(p_replay->Wait(), expectedExitCode) << p_replay->Output() << p_replay->Errors();
    return p_replay->Output();
  }

  std::unique_ptr<CProgram> m_p_proxy;
};

TEST_F(CReplayTest, RecordedClientsGetTheSameAnswersAgain) {
  CServerProcess& server = Start();
  const uint16_t port = StartProxy(server.Port());
  {
    std::vector<CTestClient> clients;
    for (int i = 0; i < 3; ++i) clients.emplace_back(port);
    for (int round = 0; round < 50; ++round) {
      for (CTestClient& client : clients) {
        EXPECT_EQ(Ask(client, kTestEcho, "round " + std::to_string(round)).Text(), "round " + std::to_string(round));
        EXPECT_EQ(NumberIn(Ask(client, kTestCount)), static_cast<uint32_t>(round + 1));
        ExpectReject(Ask(client, kTestUnknown), kTestUnknown, ERejectReason::kUnknownCode);
      }
    }
    EXPECT_EQ(Ask(clients[0], kTestBig, 60000).body.size(), 60000U);
    Bytes pipeline;
    for (int i = 0; i < 500; ++i) Append(pipeline, MakeFrame(kTestEchoInline, "number " + std::to_string(i)));
    ASSERT_TRUE(clients[1].SendRaw(pipeline));
    clients[1].ShutdownWrite();
    for (int i = 0; i < 500; ++i) ASSERT_EQ(Next(clients[1]).Text(), "number " + std::to_string(i));
    EXPECT_TRUE(clients[1].WaitForClose());
  }
  EXPECT_TRUE(server.WaitForActive(0));
  const std::string table = StopProxy();
  EXPECT_THAT(table, testing::ContainsRegex("connections +3\n"));
  EXPECT_THAT(table, testing::ContainsRegex("requests +951\n"));
  EXPECT_THAT(table, testing::ContainsRegex("replies +951\n"));
  for (const char* p_speed : {"max", "1", "10"}) {
    const std::string replayed = Replay(server.Port(), {"--speed", p_speed, "--diff"}, 0);
    EXPECT_THAT(replayed, testing::ContainsRegex("frames sent +951\n"));
    EXPECT_THAT(replayed, testing::ContainsRegex("equal +951\n"));
    EXPECT_THAT(replayed, Not(HasSubstr("differences:")));
  }
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_EQ(server.Total("packets_accepted"), 4U * 951);
}

TEST_F(CReplayTest, AServerThatAnswersDifferentlyIsCaught) {
  CServerProcess& real = StartReal();
  {
    CTestClient client(StartProxy(real.Port()));
    EXPECT_EQ(Ask(client, kDemoEcho, "hello").Text(), "hello");
    EXPECT_EQ(Ask(client, kDemoPing).msgCode, kDemoPing);
  }
  EXPECT_TRUE(real.WaitForActive(0));
  StopProxy();
  EXPECT_THAT(Replay(real.Port(), {"--diff"}, 0), testing::ContainsRegex("equal +2\n"));
  EXPECT_EQ(real.Stop(), 0);
  CServerProcess& other = Start();
  // Neither code is known there.
  const std::string replayed = Replay(other.Port(), {"--diff"}, 1);
  EXPECT_THAT(replayed, testing::ContainsRegex("different +2\n"));
  EXPECT_THAT(replayed,
              HasSubstr("connection 0, reply 0: recorded msgCode 7, 5 bytes of body; received msgCode 65535"));
  // Without --diff, that is nobody's business.
  EXPECT_THAT(Replay(other.Port(), {}, 0), Not(HasSubstr("different")));
}

TEST_F(CReplayTest, BodiesThatMustDifferCanBeIgnored) {
  CServerProcess& server = Start();
  {
    CTestClient client(StartProxy(server.Port()));
    Ask(client, kTestWhere);
    Ask(client, kTestEcho, "same");
  }
  EXPECT_TRUE(server.WaitForActive(0));
  StopProxy();
  EXPECT_EQ(server.Stop(), 0);
  CServerProcess& next = Start();  // with another process id
  EXPECT_THAT(Replay(next.Port(), {"--diff"}, 1), testing::ContainsRegex("different +1\n"));
  EXPECT_THAT(Replay(next.Port(), {"--diff", "--ignore", "3"}, 0), testing::ContainsRegex("equal +2\n"));
}

TEST_F(CReplayTest, ALoadRunThroughTheProxyIsRecordedWhole) {
  CServerProcess& real = StartReal();
  const uint16_t port = StartProxy(real.Port());
  const auto p_run = Sim({"run", "--connect", Address(port), "--connections", "8", "--depth", "4", "--requests", "2000",
                          "--mix", "ping=1,echo=4", "--quiet"});
  EXPECT_EQ(p_run->Wait(), 0) << p_run->Output() << p_run->Errors();
  EXPECT_TRUE(real.WaitForActive(0));
  EXPECT_THAT(StopProxy(), testing::ContainsRegex("connections +8\n"));
  EXPECT_THAT(Replay(real.Port(), {"--speed", "max", "--diff"}, 0), testing::ContainsRegex("different +0\n"));
}

TEST_F(CReplayTest, TheProxyPassesEverythingOn) {
  CServerProcess& server = StartWith({"limits.packet_bytes=60000"});
  const uint16_t port = StartProxy(server.Port());
  // A slow reader: 8 MB that the proxy may not keep.
  CTestClient slow(port, 16384);
  constexpr uint32_t kPackets = 160;
  const auto bodyOf = [](uint32_t i) { return Number(i) + std::string(50000, static_cast<char>(i)); };
  {
    const CThread sender("sender", [&] {
      for (uint32_t i = 0; i < kPackets; ++i) {
        if (!slow.SendFrame(kTestEcho, bodyOf(i))) return;
      }
    });
    for (uint32_t i = 0; i < kPackets; ++i) ASSERT_EQ(Next(slow).Text(), bodyOf(i));
  }
  // A close by the server, after its answer.
  CTestClient closed(port);
  EXPECT_EQ(Ask(closed, kTestCloseMe).Text(), "bye");
  EXPECT_TRUE(closed.WaitForClose());
  // A reset by the client.
  CTestClient reset(port);
  ExpectServed(reset);
  reset.Rst();
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kPeerReset, 1));
  EXPECT_TRUE(server.WaitForActive(1));
  // Bytes that are no frames: they arrive, and the table says that they aren't in the record.
  CTestClient garbage(port);
  const std::string zeros(100, '\0');
  ASSERT_TRUE(garbage.SendRaw(ToBytes(zeros)));
  EXPECT_TRUE(garbage.WaitForClose());
  slow.Close();
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_THAT(StopProxy(), testing::ContainsRegex("not all recorded +1 "));
  EXPECT_LT(std::filesystem::file_size(Record()), 25'000'000U);
}

TEST_F(CReplayTest, WithoutAServerNobodyWaits) {
  CServerProcess& server = Start();
  const uint16_t deadPort = server.Port();
  {
    CTestClient client(StartProxy(deadPort));
    ExpectServed(client);
  }
  EXPECT_TRUE(server.WaitForActive(0));
  StopProxy();
  EXPECT_EQ(server.Stop(), 0);
  Replay(deadPort, {"--diff"}, 3);
  const std::string record = ReadFile(Record());
  CTestClient client(StartProxy(deadPort));
  EXPECT_TRUE(client.WaitForReset());
  StopProxy(3);
}

TEST_F(CReplayTest, WhatIsNoRecordIsRefused) {
  const auto p_none = Sim({"replay", "no-such-file", "--connect", "127.0.0.1:1"});
  EXPECT_EQ(p_none->Wait(), 2);
  EXPECT_THAT(p_none->Errors(), HasSubstr("no-such-file"));
  const auto p_wrong = Sim({"replay", "/dev/null", "--connect", "127.0.0.1:1"});
  EXPECT_EQ(p_wrong->Wait(), 2);
  EXPECT_THAT(p_wrong->Errors(), HasSubstr("/dev/null: no record of frames: it does not begin with SBREC1"));
}

}  // namespace
}  // namespace switchboard
