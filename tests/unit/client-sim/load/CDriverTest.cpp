#include "client-sim/load/CDriver.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/message/CCustomMessage.h"
#include "client-sim/message/DemoMessages.h"
#include "misc/thread/CWakeup.h"
#include "net/wire/CFrameEncoder.h"
#include "tests/support/Eventually.h"
#include "tests/unit/client-sim/load/CFaultyServer.h"
#include "tests/unit/client-sim/load/CFloodingServer.h"

namespace switchboard::sim {
namespace {

using Bytes = std::vector<std::byte>;
using SAction = CFaultyServer::SAction;

constexpr std::chrono::milliseconds kMs{1};

Bytes Copy(std::span<const std::byte> frame) { return Bytes(frame.begin(), frame.end()); }

SAction EchoBack(uint64_t, std::span<const std::byte> frame) { return {Copy(frame)}; }

// Runs a driver against a scripted server and keeps its ledger.
class CDriverTest : public testing::Test {
 protected:
  static constexpr uint64_t kStepAt = 500;  // the request at which the scripts misbehave

  CDriverTest() {
    m_phase.duration = 60'000 * kMs;
    m_phase.requests = 6000;
  }

  // The mix of one class of connections.
  SConnectionClass PingsAndEchoes(uint32_t depth) {
    SConnectionClass oneClass;
    oneClass.depth = depth;
    oneClass.workload.Add(std::make_unique<CPingMessage>(), 1);
    oneClass.workload.Add(std::make_unique<CEchoMessage>(m_pattern, 64), 4);
    return oneClass;
  }
  // All connections are of that class.
  void Use(SConnectionClass oneClass) {
    std::deque<SConnectionClass> classes;
    classes.push_back(std::move(oneClass));
    m_scenario = CScenario(std::move(classes));
  }
  // Returns false when the driver could not connect.
  bool Drive(const std::string& address, uint32_t connections, uint32_t depth) {
    Use(PingsAndEchoes(depth));
    return Drive(address, connections);
  }
  bool Drive(const std::string& address, uint32_t connections) {
    const CEndpoint server(address);
    m_p_driver =
        std::make_unique<CDriver>(0, SDriverPlan{server, m_scenario, m_clock, m_notes, connections, 1, 500 * kMs,
                                                 2000 * kMs, 1, m_isReconnecting, m_isResetExpected});
    CThread thread("driver", [this] { m_p_driver->Run(); });
    if (Next().kind != SDriverNote::EKind::kReady) return false;
    for (int i = 0; i < m_phases; ++i) {
      m_p_driver->Begin(m_phase);
      EXPECT_EQ(Next().kind, SDriverNote::EKind::kPhaseOver);
    }
    m_p_driver->Stop();
    EXPECT_EQ(Next().kind, SDriverNote::EKind::kFinished);
    thread.Join();
    EXPECT_EQ(m_p_driver->Ledger().InFlight(), 0u);
    if (m_phases == 1) {
      EXPECT_EQ(m_p_driver->Latencies().Count(), Count(ECount::kReplied));
    }
    return true;
  }
  uint64_t Count(ECount what) const { return m_p_driver->Ledger().Get(what); }
  uint64_t Faults() const { return m_p_driver->Ledger().Faults(); }

  SDriverNote Next() {
    while (m_news.empty()) {
      m_notes.Take(m_news);
      if (!m_news.empty()) break;
      pollfd fd{m_notes.Fd(), POLLIN, 0};
      ::poll(&fd, 1, -1);
      m_notes.ClearSignal();
    }
    SDriverNote note = m_news.front();
    m_news.erase(m_news.begin());
    return note;
  }

  const CClock m_clock{};
  const CBodyPattern m_pattern{1};
  CScenario m_scenario;
  SPhase m_phase;
  int m_phases = 1;
  bool m_isReconnecting = false;
  bool m_isResetExpected = false;
  CInbox<SDriverNote> m_notes;
  std::vector<SDriverNote> m_news;
  std::unique_ptr<CDriver> m_p_driver;
};

TEST_F(CDriverTest, AnHonestServerHasNoFaults) {
  CFaultyServer server(EchoBack);
  ASSERT_TRUE(Drive(server.Address(), 8, 4));
  EXPECT_GT(Count(ECount::kReplied), 32u);
  EXPECT_EQ(Count(ECount::kReplied), Count(ECount::kSent));
  EXPECT_EQ(Faults(), 0u);
  EXPECT_EQ(Count(ECount::kClosedByServer), 0u);
}

TEST_F(CDriverTest, AGreatDepthLeavesInPieces) {
  CFaultyServer server(EchoBack);
  ASSERT_TRUE(Drive(server.Address(), 1, 5000));
  EXPECT_GE(Count(ECount::kSent), 5000u);
  EXPECT_EQ(Faults(), 0u);
}

TEST_F(CDriverTest, ADroppedReplyIsLost) {
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    return number == kStepAt ? SAction{} : EchoBack(number, frame);
  });
  ASSERT_TRUE(Drive(server.Address(), 4, 4));
  EXPECT_EQ(Count(ECount::kLost), 1u);
  EXPECT_EQ(Faults(), 1u);
}

TEST_F(CDriverTest, ADuplicatedReplyIsCaught) {
  // An echo's: a second answer to a ping could be that to the next one.
  bool isDone = false;
  CFaultyServer server([&isDone](uint64_t number, std::span<const std::byte> frame) {
    SAction action = EchoBack(number, frame);
    if (number >= kStepAt && frame.size() > kHeaderBytes && !std::exchange(isDone, true)) {
      action.bytes.insert(action.bytes.end(), frame.begin(), frame.end());
    }
    return action;
  });
  ASSERT_TRUE(Drive(server.Address(), 4, 4));
  EXPECT_EQ(Count(ECount::kDuplicated), 1u);
  EXPECT_EQ(Faults(), 1u);
}

TEST_F(CDriverTest, SwappedRepliesAreCaught) {
  // Keeps one echo back until an unequal frame follows: two pings swapped are no difference on the wire.
  Bytes kept;
  CFaultyServer server([&kept](uint64_t number, std::span<const std::byte> frame) {
    if (number >= kStepAt && number < kStepAt + 100 && kept.empty() && frame.size() > kHeaderBytes) {
      kept = Copy(frame);
      return SAction{};
    }
    SAction action = EchoBack(number, frame);
    if (!kept.empty() && kept.front() != std::byte{0xFF}) {
      action.bytes.insert(action.bytes.end(), kept.begin(), kept.end());
      kept.assign(1, std::byte{0xFF});
    }
    return action;
  });
  ASSERT_TRUE(Drive(server.Address(), 1, 8));
  EXPECT_EQ(Count(ECount::kReordered), 1u);
  EXPECT_EQ(Faults(), 1u);
}

TEST_F(CDriverTest, ACorruptReplyIsCaught) {
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    SAction action = EchoBack(number, frame);
    if (number >= kStepAt && number < kStepAt + 10) action.bytes.back() ^= std::byte{4};
    return action;
  });
  ASSERT_TRUE(Drive(server.Address(), 4, 4));
  EXPECT_EQ(Count(ECount::kMismatched), 10u);
  EXPECT_EQ(Faults(), 10u);
}

TEST_F(CDriverTest, ARepliesCrcIsChecked) {
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    SAction action = EchoBack(number, frame);
    if (number == kStepAt) action.bytes[7] ^= std::byte{1};
    return action;
  });
  ASSERT_TRUE(Drive(server.Address(), 4, 4));
  EXPECT_EQ(Count(ECount::kMismatched), 1u);
  EXPECT_EQ(Faults(), 1u);
}

TEST_F(CDriverTest, WhatIsInFlightAtAResetIsCountedApart) {
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    SAction action = EchoBack(number, frame);
    action.isReset = number == kStepAt;
    return action;
  });
  ASSERT_TRUE(Drive(server.Address(), 2, 4));
  EXPECT_EQ(Count(ECount::kClosedByServer), 1u);
  EXPECT_GE(Count(ECount::kInFlightAtReset), 1u);
  EXPECT_LE(Count(ECount::kInFlightAtReset), 4u);
  EXPECT_EQ(Count(ECount::kReconnects), 0u);
  EXPECT_EQ(m_p_driver->Ledger().Offenders().size(), Count(ECount::kInFlightAtReset));
  EXPECT_EQ(Faults(), 0u);
}

TEST_F(CDriverTest, AnExpectedResetHasNoOffenders) {
  m_isReconnecting = true;
  m_isResetExpected = true;
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    SAction action = EchoBack(number, frame);
    action.isReset = number % 1000 == kStepAt;
    return action;
  });
  ASSERT_TRUE(Drive(server.Address(), 4, 4));
  EXPECT_GE(Count(ECount::kInFlightAtReset), 1u);
  EXPECT_TRUE(m_p_driver->Ledger().Offenders().empty());
  EXPECT_EQ(Count(ECount::kReconnects), Count(ECount::kClosedByServer));
  EXPECT_EQ(m_p_driver->ReconnectTimes().Count(), Count(ECount::kReconnects));
  EXPECT_EQ(m_p_driver->Unopened(), 0u);
  EXPECT_EQ(server.Connections(), 4 + Count(ECount::kReconnects));
  EXPECT_EQ(Faults(), 0u);
}

TEST_F(CDriverTest, AServerThatStaysAwayLeavesConnectionsUnopened) {
  m_isReconnecting = true;
  m_isResetExpected = true;
  m_phase.duration = 300 * kMs;
  m_phase.requests = 0;
  std::unique_ptr<CFaultyServer> p_server;
  CWakeup isOver;
  p_server = std::make_unique<CFaultyServer>([&isOver](uint64_t number, std::span<const std::byte> frame) {
    if (number == kStepAt) isOver.Signal();
    return EchoBack(number, frame);
  });
  const std::string address = p_server->Address();
  CThread killer("killer", [&] {
    isOver.Wait(std::nullopt, m_clock.Now());
    p_server.reset();
  });
  ASSERT_TRUE(Drive(address, 2, 1));
  EXPECT_EQ(m_p_driver->Unopened(), 2u);
  EXPECT_GE(Count(ECount::kConnectFailures), 2u);
  EXPECT_EQ(Faults(), 0u);
}

TEST_F(CDriverTest, AnImpossibleLengthEndsTheConnection) {
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    SAction action = EchoBack(number, frame);
    if (number == kStepAt) action.bytes.assign(8, std::byte{0});
    return action;
  });
  ASSERT_TRUE(Drive(server.Address(), 2, 4));
  EXPECT_EQ(Count(ECount::kClosedByServer), 1u);
  EXPECT_GE(Count(ECount::kLost), 1u);
}

TEST_F(CDriverTest, AfterGoAwayItFinishesAndReconnectsAndLosesNothing) {
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    SAction action = EchoBack(number, frame);
    if (number % 1000 == kStepAt) {
      Bytes goAway(kHeaderBytes + sizeof(SGoAwayBody));
      CFrameEncoder::WriteFrame(goAway.data(), kGoAwayCode, Bytes(sizeof(SGoAwayBody)));
      action.bytes.insert(action.bytes.begin(), goAway.begin(), goAway.end());
    }
    return action;
  });
  ASSERT_TRUE(Drive(server.Address(), 4, 4));
  EXPECT_GE(Count(ECount::kGoAways), 1u);
  EXPECT_GE(Count(ECount::kReconnects), 1u);
  EXPECT_EQ(server.Connections(), 4 + Count(ECount::kReconnects));
  EXPECT_EQ(Faults(), 0u);
}

// A server that answers nothing for so long when it sees request kStepAt.
CFaultyServer::Script StallingFor(std::chrono::milliseconds stall) {
  return [stall](uint64_t number, std::span<const std::byte> frame) {
    if (number == 500) ::poll(nullptr, 0, static_cast<int>(stall.count()));
    return EchoBack(number, frame);
  };
}

TEST_F(CDriverTest, AStalledServerShowsInThePercentilesOfAnOpenLoop) {
  m_phase.rate = 2000;
  m_phase.duration = 1000 * kMs;
  m_phase.overtime = 500 * kMs;
  CFaultyServer server(StallingFor(std::chrono::milliseconds(300)));
  ASSERT_TRUE(Drive(server.Address(), 4, 0));
  EXPECT_EQ(Faults(), 0u);
  // 600 of the 2000 requests were due in the stall, and waited for its end from 300 ms down to 0.
  EXPECT_NEAR(static_cast<double>(Count(ECount::kSent)), 2000, 2);
  EXPECT_EQ(Count(ECount::kUnsent), 0u);
  EXPECT_GT(m_p_driver->Latencies().ValueAt(95), 180'000'000u);
  EXPECT_GT(m_p_driver->Latencies().ValueAt(85), 80'000'000u);
}

TEST_F(CDriverTest, TheSameStallHidesFromAClosedLoop) {
  m_phase.duration = 1000 * kMs;
  CFaultyServer server(StallingFor(std::chrono::milliseconds(300)));
  ASSERT_TRUE(Drive(server.Address(), 4, 1));
  EXPECT_EQ(Faults(), 0u);
  EXPECT_GT(m_p_driver->Latencies().Max(), 290'000'000u);
  EXPECT_LT(m_p_driver->Latencies().ValueAt(95), 100'000'000u);
}

TEST_F(CDriverTest, ALateScheduleIsNotRebased) {
  // With one request in flight, all that fell due in the stall leave after it, one by one: late, but from their own
  // time.
  m_phase.rate = 1000;
  m_phase.duration = 600 * kMs;
  m_phase.overtime = 2000 * kMs;
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    if (number == 100) ::poll(nullptr, 0, 400);
    return EchoBack(number, frame);
  });
  ASSERT_TRUE(Drive(server.Address(), 1, 1));
  EXPECT_EQ(Count(ECount::kUnsent), 0u);
  EXPECT_NEAR(static_cast<double>(Count(ECount::kReplied)), 600, 2);
  EXPECT_GT(m_p_driver->Latencies().ValueAt(50), 80'000'000u);
}

TEST_F(CDriverTest, WhatCouldNotBeSentInOvertimeIsCounted) {
  m_phase.rate = 1000;
  m_phase.duration = 200 * kMs;
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    if (number == 100) ::poll(nullptr, 0, 450);
    return EchoBack(number, frame);
  });
  ASSERT_TRUE(Drive(server.Address(), 1, 1));
  EXPECT_NEAR(static_cast<double>(Count(ECount::kUnsent)), 99, 5);
  EXPECT_NEAR(static_cast<double>(Count(ECount::kUnsent) + Count(ECount::kSent)), 200, 2);
  EXPECT_EQ(Faults(), 0u);
}

TEST_F(CDriverTest, APhaseEndsAfterItsRequests) {
  m_phase.duration = 60'000 * kMs;
  m_phase.requests = 1234;
  m_phases = 2;
  CFaultyServer server(EchoBack);
  ASSERT_TRUE(Drive(server.Address(), 4, 7));
  EXPECT_EQ(Count(ECount::kReplied), 2 * 1234u);
  EXPECT_EQ(m_p_driver->Latencies().Count(), 1234u);
  EXPECT_EQ(Faults(), 0u);
}

TEST_F(CDriverTest, AnOpenLoopEndsAfterItsRequests) {
  m_phase.duration = 60'000 * kMs;
  m_phase.requests = 300;
  m_phase.rate = 3000;
  m_phase.overtime = 100 * kMs;
  CFaultyServer server(EchoBack);
  ASSERT_TRUE(Drive(server.Address(), 4, 0));
  EXPECT_EQ(Count(ECount::kReplied), 300u);
}

TEST_F(CDriverTest, ARampStartsConnectionsOneAfterTheOther) {
  m_phase.ramp = 400'000 * kMs;
  m_phase.duration = 50 * kMs;
  CFaultyServer server(EchoBack);
  SConnectionClass oneClass = PingsAndEchoes(1);
  oneClass.thinkLow = oneClass.thinkHigh = 10'000 * kMs;
  Use(std::move(oneClass));
  ASSERT_TRUE(Drive(server.Address(), 8));
  // The first one at once, the next much later: it sends one request, and thinks for longer than the run.
  EXPECT_EQ(Count(ECount::kSent), 1u);
}

TEST_F(CDriverTest, ASessionIsSentOneByOneBeforeTheLoop) {
  std::vector<uint16_t> codes;
  auto p_server = std::make_unique<CFaultyServer>([&codes](uint64_t number, std::span<const std::byte> frame) {
    if (codes.size() < 5) codes.push_back(SFrame::At(frame.data()).msgCode);
    return EchoBack(number, frame);
  });
  SConnectionClass oneClass = PingsAndEchoes(8);
  oneClass.session = {1, 0};
  oneClass.loop = {0, 1, 1};
  Use(std::move(oneClass));
  m_phase.requests = 50;
  ASSERT_TRUE(Drive(p_server->Address(), 1));
  p_server.reset();  // and its thread, which writes `codes`
  EXPECT_EQ(codes, (std::vector<uint16_t>{kEchoCode, kPingCode, kPingCode, kEchoCode, kEchoCode}));
  EXPECT_EQ(Faults(), 0u);
}

TEST_F(CDriverTest, OneWayMessagesNeedNoReply) {
  CFaultyServer server([](uint64_t, std::span<const std::byte>) { return SAction{}; });
  SConnectionClass oneClass;
  oneClass.depth = 4;
  SExpectation nothing;
  nothing.isOneWay = true;
  oneClass.workload.Add(
      std::make_unique<CCustomMessage>("tell", uint16_t{100}, std::make_unique<CFixedBody>(BytesOfHex("0102")),
                                       std::move(nothing)),
      1);
  Use(std::move(oneClass));
  m_phase.requests = 1000;
  ASSERT_TRUE(Drive(server.Address(), 2));
  EXPECT_EQ(Count(ECount::kOneWay), 1000u);
  EXPECT_EQ(Faults(), 0u);
}

TEST_F(CDriverTest, ARefusedConnectionIsReported) {
  std::string address;
  {
    const CFaultyServer server(EchoBack);
    address = server.Address();
  }
  EXPECT_FALSE(Drive(address, 2, 1));
}

TEST_F(CDriverTest, AServerThatNeverStopsSendingStopsNoRun) {
  CFloodingServer server(RejectOf(999));
  m_phase.duration = 100 * kMs;
  m_phase.requests = 0;
  ASSERT_TRUE(Drive(server.Address(), 1, 1));
  EXPECT_GT(Count(ECount::kUnasked), 100u);
}

TEST_F(CDriverTest, ACutWaitsForNoReply) {
  CFaultyServer server([](uint64_t, std::span<const std::byte>) { return SAction{}; });
  Use(PingsAndEchoes(1));
  const CEndpoint endpoint(server.Address());
  CDriver driver(
      0, SDriverPlan{endpoint, m_scenario, m_clock, m_notes, 2, 1, std::chrono::hours(1), 2000 * kMs, 1, false, false});
  CThread thread("driver", [&driver] { driver.Run(); });
  ASSERT_EQ(Next().kind, SDriverNote::EKind::kReady);
  driver.Begin(m_phase);
  EXPECT_TRUE(Eventually([&driver] { return driver.Ledger().Get(ECount::kSent) == 2; }));
  driver.Stop();
  driver.Cut();
  EXPECT_EQ(Next().kind, SDriverNote::EKind::kPhaseOver);
  EXPECT_EQ(Next().kind, SDriverNote::EKind::kFinished);
  thread.Join();
  EXPECT_EQ(driver.Ledger().Get(ECount::kLost), 2u);
  EXPECT_EQ(driver.Ledger().InFlight(), 0u);
}

}  // namespace
}  // namespace switchboard::sim
