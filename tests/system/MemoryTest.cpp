// What is said to be held for connections is what the worker has taken from the system, and what it gives back.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "misc/thread/CThread.h"
#include "net/wire/Wire.h"
#include "tests/system/CHttpSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

constexpr int64_t kMebi = int64_t{1024} * 1024;
// Of the heap, the stacks and the tables of a worker that has never done as much before.
constexpr int64_t kSlack = 3 * kMebi;

class CMemoryTest : public CHttpSystemTest {
 protected:
  static int64_t Resident(const CServerProcess& server) {
    const auto state = StateOf(server.WorkerPid());
    EXPECT_TRUE(state.has_value());
    return state ? static_cast<int64_t>(state->residentBytes) : 0;
  }
  // As --status tells it.
  int64_t Held() {
    const std::string status = Order({"--status"}).output;
    const size_t at = status.find("bytes_held=");
    return at == std::string::npos ? 0 : std::stoll(status.substr(at + 11));
  }
  // Within a factor of two, and what a worker needs besides.
  static void ExpectHeldIsTaken(int64_t held, int64_t grown) {
    if (kIsSanitized) return;
    EXPECT_LE(grown, 2 * held + kSlack) << "of " << held;
    EXPECT_GE(2 * grown + kSlack, held);
  }
  // How many TCP sockets of this port the system has, but for those that listen or rest in TIME_WAIT. A line:
  // "0: 0100007F:1F90 0100007F:C350 01 …", the state behind the addresses.
  static size_t SocketsOf(uint16_t port) {
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);
    size_t count = 0;
    while (std::getline(table, line)) {
      std::istringstream words(line);
      std::string number;
      std::string local;
      std::string remote;
      std::string state;
      words >> number >> local >> remote >> state;
      const bool isOurs = std::stoul(local.substr(local.find(':') + 1), nullptr, 16) == port;
      if (isOurs && state != "0A" && state != "06") ++count;
    }
    return count;
  }
  // As much as the peer takes within a moment.
  static size_t SendSome(const CTestClient& client, std::span<const std::byte> bytes) {
    size_t sent = 0;
    pollfd room{client.Fd(), POLLOUT, 0};
    while (sent < bytes.size() && ::poll(&room, 1, 200) == 1) {
      const ssize_t n = ::send(client.Fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) break;
      sent += n < 0 ? 0 : static_cast<size_t>(n);
    }
    return sent;
  }
  static Bytes Many(uint16_t msgCode, size_t count) {
    const Bytes one = MakeFrame(msgCode);
    Bytes all;
    for (size_t i = 0; i < count; ++i) Append(all, one);
    return all;
  }
};

TEST_F(CMemoryTest, EmptyPushesToOneWhoDoesNotReadTakeWhatIsCounted) {
  CServerProcess& server = StartWith({"limits.send_queue_bytes=16777216"});
  CTestClient pusher(server.Port());
  ExpectServed(pusher);
  CTestClient target(server.Port(), 4096);
  EXPECT_EQ(Ask(target, kTestPushTarget).msgCode, kTestPushTarget);
  const int64_t before = Resident(server);
  // First the kernel's buffers take them.
  ASSERT_TRUE(Eventually([&] {
    Ask(pusher, kTestPushEmpty, 50000);
    return HasFailure() || Held() > 4 * kMebi;
  }));
  const uint64_t pushed = server.Count(ECounter::kPacketsPushed) * 8;
  ExpectHeldIsTaken(Held(), Resident(server) - before);
  EXPECT_LE(static_cast<uint64_t>(Held()), 2 * pushed) << "8 bytes are not counted as a block";
  target.Rst();
  EXPECT_TRUE(server.WaitForActive(1));
  EXPECT_TRUE(Eventually([&] { return Held() < kMebi; }));
}

TEST_F(CMemoryTest, PipelinedPingsOfOneWhoReadsSlowlyTakeWhatIsCounted) {
  CServerProcess& server = StartWith({"limits.recv_pause_bytes=4194304", "limits.send_queue_bytes=16777216"});
  CTestClient warm(server.Port());
  ExpectServed(warm);
  const int64_t before = Resident(server);
  std::deque<CTestClient> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(server.Port(), 4096);
  const Bytes pings = Many(kTestEchoInline, 300000);
  // Each begins a next round where its last one was cut off, which may be within a packet.
  std::vector<size_t> sent(clients.size());
  for (int round = 0; round < 5; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) {
      sent[i] += SendSome(clients[i], std::span(pings).subspan(sent[i] % kHeaderBytes));
      EXPECT_EQ(Next(clients[i]).msgCode, kTestEchoInline);
    }
  }
  ASSERT_TRUE(server.WaitForCount(ECounter::kReadPauses, 1));
  const int64_t held = Held();
  ExpectHeldIsTaken(held, Resident(server) - before);
  EXPECT_LE(held, 4 * 6 * kMebi) << "each has its share, whatever it sends";
  for (CTestClient& client : clients) client.Rst();
}

TEST_F(CMemoryTest, FiftyWhoAskForAllAndReadNothingCostLittleAndNotForLong) {
  constexpr size_t kClients = 50;
  CServerProcess& server = Serve({"listener.0.idle_timeout_s=4"});
  {
    CHttpTestClient warm(server.Port());
    EXPECT_EQ(warm.Ask("/small.txt").status, 200);
  }
  const int64_t before = Resident(server);
  std::string requests;
  for (int i = 0; i < 25000; ++i) requests += CHttpTestClient::Request("GET", "/small.txt");
  std::deque<CTestClient> clients;
  {
    // All at once, and each until nothing more is taken for long: the first are looked at when four seconds are over.
    std::vector<CThread> senders;
    for (size_t i = 0; i < kClients; ++i) {
      CTestClient& client = clients.emplace_back(server.Port(), 4096);
      senders.emplace_back("sending",
                           [&] { client.SendRaw(std::as_bytes(std::span(requests)), std::chrono::seconds(2)); });
    }
  }
  // Whenever it is looked at, until the last one is closed: a slow server closes the first ones before the last rest.
  int64_t held = 0;
  int64_t grown = 0;
  EXPECT_TRUE(Eventually([&] {
    held = std::max(held, Held());
    grown = std::max(grown, Resident(server) - before);
    return server.Count(ECloseReason::kTooSlow) >= kClients;
  }));
  EXPECT_GT(held, 0);
  // A quarter of a mebibyte each, of two that they once cost.
  EXPECT_LE(held, static_cast<int64_t>(kClients) * kMebi / 4);
  if (!kIsSanitized) {
    EXPECT_LE(grown, static_cast<int64_t>(kClients) * kMebi / 4 + kSlack);
  }
  for (CTestClient& client : clients) EXPECT_TRUE(client.WaitForReset());
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_EQ(Held(), 0);
  EXPECT_TRUE(Eventually([&] { return SocketsOf(server.Port()) == 0; })) << "the kernel holds something for them";
}

}  // namespace
}  // namespace switchboard
