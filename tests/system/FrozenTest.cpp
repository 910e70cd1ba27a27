// A server that was stopped for a while, as by SIGSTOP, a debugger, or a machine that slept: what has come meanwhile is
// read before anybody is judged for being late.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <span>
#include <string>

#include "tests/system/CHttpSystemTest.h"
#include "tests/system/Freeze.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLimit{300};  // what the configurations below give a peer
constexpr int kClients = 20;

class CFrozenTest : public CHttpSystemTest {
 protected:
  // Freezes the worker, does it, and lets it go on when all limits have passed.
  template <class Do>
  static void WhileFrozen(const CServerProcess& server, const Do& doIt) {
    const pid_t worker = server.WorkerPid();
    ASSERT_TRUE(Freeze({worker}));
    doIt();
    const auto end = std::chrono::steady_clock::now() + 3 * kLimit;
    Eventually([end] { return std::chrono::steady_clock::now() > end; });
    Thaw({worker});
  }
};

TEST_F(CFrozenTest, TheRestOfAPacketThatHasComeIsReadBeforeItIsOverdue) {
  CServerProcess& server = StartWith({"limits.packet_timeout_s=0.3"});
  const Bytes frame = MakeFrame(kTestEcho, "patient");
  const std::span<const std::byte> bytes(frame);
  const size_t half = bytes.size() / 2;
  for (int round = 0; round < 3; ++round) {
    std::deque<CTestClient> clients;
    for (int i = 0; i < kClients; ++i) ExpectServed(clients.emplace_back(server.Port()));
    const uint64_t received = server.Count(ECounter::kBytesReceived);
    for (CTestClient& client : clients) ASSERT_TRUE(client.SendRaw(bytes.first(half)));
    ASSERT_TRUE(server.WaitForCount(ECounter::kBytesReceived, received + kClients * half));
    WhileFrozen(server, [&] {
      for (CTestClient& client : clients) ASSERT_TRUE(client.SendRaw(bytes.subspan(half)));
    });
    for (CTestClient& client : clients) EXPECT_EQ(Next(client).Text(), "patient");
  }
  EXPECT_EQ(server.Count(ECloseReason::kPacketTimeout), 0U);
}

TEST_F(CFrozenTest, WhoHasSentSomethingWasNotSilent) {
  CServerProcess& server = StartWith({"heartbeat.interval_s=0.3", "heartbeat.max_misses=1"});
  for (int round = 0; round < 3; ++round) {
    std::deque<CTestClient> clients;
    for (int i = 0; i < kClients; ++i) ExpectServed(clients.emplace_back(server.Port()));
    WhileFrozen(server, [&] {
      for (CTestClient& client : clients) ASSERT_TRUE(client.SendFrame(kTestEcho, "patient"));
    });
    for (CTestClient& client : clients) EXPECT_EQ(Next(client).Text(), "patient");
  }
}

TEST_F(CFrozenTest, TheRestOfARequestThatHasComeIsReadBeforeItIsOverdue) {
  CServerProcess& server = Serve({"limits.packet_timeout_s=0.3"});
  const std::string request = CHttpTestClient::Request("GET", "/small.txt");
  const size_t half = request.size() / 2;
  for (int round = 0; round < 3; ++round) {
    std::deque<CHttpTestClient> clients;
    for (int i = 0; i < kClients; ++i) EXPECT_EQ(clients.emplace_back(server.Port()).Ask("/small.txt").status, 200);
    const uint64_t received = server.Count(ECounter::kBytesReceived);
    for (CHttpTestClient& client : clients) ASSERT_TRUE(client.Send(request.substr(0, half)));
    ASSERT_TRUE(server.WaitForCount(ECounter::kBytesReceived, received + kClients * half));
    WhileFrozen(server, [&] {
      for (CHttpTestClient& client : clients) ASSERT_TRUE(client.Send(request.substr(half)));
    });
    for (CHttpTestClient& client : clients) EXPECT_EQ(client.Receive().status, 200);
  }
  EXPECT_EQ(server.Count(ECloseReason::kPacketTimeout), 0U);
}

// The time between two requests, likewise.
TEST_F(CFrozenTest, WhoHasAskedWasNotIdle) {
  CServerProcess& server = Serve({"listener.0.idle_timeout_s=0.3"});
  for (int round = 0; round < 3; ++round) {
    std::deque<CHttpTestClient> clients;
    for (int i = 0; i < kClients; ++i) EXPECT_EQ(clients.emplace_back(server.Port()).Ask("/small.txt").status, 200);
    WhileFrozen(server, [&] {
      for (CHttpTestClient& client : clients) ASSERT_TRUE(client.Get("/small.txt"));
    });
    for (CHttpTestClient& client : clients) EXPECT_EQ(client.Receive().status, 200);
  }
}

}  // namespace
}  // namespace switchboard
