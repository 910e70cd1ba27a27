#include "client-sim/load/CLoadRun.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "client-sim/scenario/CScenarioFile.h"
#include "tests/unit/client-sim/load/CFaultyServer.h"
#include "tests/unit/client-sim/load/CFloodingServer.h"

namespace switchboard::sim {
namespace {

using SAction = CFaultyServer::SAction;

constexpr std::chrono::milliseconds kMs{1};

SAction EchoBack(uint64_t, std::span<const std::byte> frame) { return {{frame.begin(), frame.end()}}; }

SRunOptions Options(const std::string& server) {
  SRunOptions options;
  options.server = server;
  options.connections = 4;
  options.threads = 2;
  options.mix = {{"ping", 1}, {"echo", 4}};
  options.duration = 150 * kMs;
  options.drain = 500 * kMs;
  options.seed = 1;
  return options;
}

// Keeps the order of what it is told.
class CDiary : public CRunObserver {
 public:
  void OnStart(const SRunOptions&) override { events += "start "; }
  void OnPhaseBegin(EPhaseKind, const std::string& name, double, Nanoseconds) override { events += "(" + name; }
  void OnSecond(const SSecond&, const CLedger&) override { ++seconds; }
  void OnPhaseEnd(const SPhaseResult&) override { events += ")"; }

  std::string events;
  size_t seconds = 0;
};

SRunResult Executed(const SRunOptions& options) {
  CDiary diary;
  return CLoadRun(options, diary).Execute();
}

TEST(CLoadRunTest, AClosedLoopIsOnePhase) {
  CFaultyServer server(EchoBack);
  CDiary diary;
  const SRunResult result = CLoadRun(Options(server.Address()), diary).Execute();
  EXPECT_EQ(result.exitCode, kExitOk) << result.verdict;
  EXPECT_EQ(diary.events, "start (load)");
  EXPECT_EQ(diary.seconds, result.series.size());
  ASSERT_EQ(result.phases.size(), 1u);
  const SPhaseResult& phase = result.phases[0];
  EXPECT_EQ(phase.sent, result.ledger.Get(ECount::kSent));
  EXPECT_EQ(phase.replies, result.latencies.Count());
  EXPECT_LE(phase.repliesInTime, phase.replies);
  EXPECT_NEAR(phase.seconds, 0.15, 0.1);
  uint64_t replies = 0;
  for (const SSecond& second : result.series) replies += second.replies;
  EXPECT_EQ(replies, phase.replies);
  EXPECT_EQ(result.series.back().connections, 4u);
}

TEST(CLoadRunTest, TheWarmUpIsNotMeasured) {
  CFaultyServer server(EchoBack);
  SRunOptions options = Options(server.Address());
  options.warmup = 100 * kMs;
  options.requests = 500;
  options.duration = 60'000 * kMs;
  const SRunResult result = Executed(options);
  EXPECT_EQ(result.exitCode, kExitOk) << result.verdict;
  ASSERT_EQ(result.phases.size(), 2u);
  EXPECT_EQ(result.phases[0].kind, EPhaseKind::kWarmup);
  EXPECT_EQ(result.latencies.Count(), 500u);
  EXPECT_EQ(result.ledger.Get(ECount::kReplied), 500 + result.phases[0].replies);
}

// Keeps what it was told of the phases.
class CPhaseListener : public CRunObserver {
 public:
  void OnPhaseBegin(EPhaseKind, const std::string&, double, Nanoseconds duration) override {
    m_durations.push_back(duration);
  }
  const std::vector<Nanoseconds>& Durations() const { return m_durations; }

 private:
  std::vector<Nanoseconds> m_durations;
};

TEST(CLoadRunTest, ObserversAreToldHowLongAPhaseLastsOnlyIfThatIsKnown) {
  CFaultyServer server(EchoBack);
  SRunOptions options = Options(server.Address());
  options.warmup = 50 * kMs;
  options.requests = 10;
  options.duration = 60'000 * kMs;
  CPhaseListener listener;
  EXPECT_EQ(CLoadRun(options, listener).Execute().exitCode, kExitOk);
  EXPECT_EQ(listener.Durations(), (std::vector<Nanoseconds>{50 * kMs, Nanoseconds::zero()}));
}

TEST(CLoadRunTest, StepsAreAPhaseEach) {
  CFaultyServer server(EchoBack);
  SRunOptions options = Options(server.Address());
  options.steps = {200, 1000};
  options.duration = 300 * kMs;
  options.depth = 0;
  const SRunResult result = Executed(options);
  EXPECT_EQ(result.exitCode, kExitOk) << result.verdict;
  ASSERT_EQ(result.phases.size(), 2u);
  EXPECT_NEAR(static_cast<double>(result.phases[0].sent), 60, 2);
  EXPECT_NEAR(static_cast<double>(result.phases[1].sent), 300, 3);
  EXPECT_EQ(result.phases[1].name, "1000/s");
  EXPECT_EQ(result.latencies.Count(), result.phases[0].replies + result.phases[1].replies);
}

TEST(CLoadRunTest, FindsTheLimitOfAServer) {
  // It takes a millisecond or a little more for each request, so its limit lies below 1000/s.
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    ::poll(nullptr, 0, 1);
    return EchoBack(number, frame);
  });
  SRunOptions options = Options(server.Address());
  options.isFindMax = true;
  options.objectives = CObjective::List("p95=60ms");
  options.rate = 100;
  options.depth = 0;
  options.duration = 250 * kMs;
  // A trial over the limit leaves a queue that a slow machine takes long for: it is no loss.
  options.drain = 60'000 * kMs;
  const SRunResult result = Executed(options);
  EXPECT_EQ(result.exitCode, kExitOk) << result.verdict;
  // A load that is a little over the limit keeps the objective for so short a time.
  EXPECT_LT(result.maxRate, 1500);
  EXPECT_GE(result.maxRate, 200);
  const auto best = std::find_if(result.phases.begin(), result.phases.end(), [&](const SPhaseResult& phase) {
    return phase.targetRate == result.maxRate && phase.isObjectiveMet == true;
  });
  ASSERT_NE(best, result.phases.end());
  EXPECT_EQ(result.latencies.Count(), best->replies);
}

TEST(CLoadRunTest, AMissedObjectiveHasItsExitCode) {
  CFaultyServer server([](uint64_t number, std::span<const std::byte> frame) {
    ::poll(nullptr, 0, 2);
    return EchoBack(number, frame);
  });
  SRunOptions options = Options(server.Address());
  options.objectives = CObjective::List("p50=100us");
  const SRunResult result = Executed(options);
  EXPECT_EQ(result.exitCode, kExitObjectiveMissed);
  EXPECT_EQ(result.phases[0].isObjectiveMet, false);
  EXPECT_NE(result.verdict.find("objective missed at load: p50 is "), std::string::npos) << result.verdict;
  EXPECT_NE(result.verdict.find(" times 100 µs"), std::string::npos) << result.verdict;
}

// Who sends the demo's mix to a server of their own is told what is missing.
TEST(CLoadRunTest, AServerThatDoesNotKnowTheMixIsForAScenario) {
  CFaultyServer server([](uint64_t, std::span<const std::byte> frame) {
    return SAction{RejectOf(SFrame::At(frame.data()).msgCode, 2)};
  });
  const SRunResult result = Executed(Options(server.Address()));
  EXPECT_EQ(result.exitCode, kExitFaults);
  EXPECT_NE(result.verdict.find(" unknown_code; --mix is of the demo's msgCodes: a --scenario describes others"),
            std::string::npos)
      << result.verdict;
}

TEST(CLoadRunTest, RejectsThatNobodyDeclaredFailTheRun) {
  const auto rejecting = [](uint64_t, std::span<const std::byte> frame) {
    return SAction{RejectOf(SFrame::At(frame.data()).msgCode)};
  };
  CFaultyServer server(rejecting);
  SRunOptions options = Options(server.Address());
  const SRunResult result = Executed(options);
  EXPECT_EQ(result.exitCode, kExitFaults);
  EXPECT_NE(result.verdict.find(" requests were rejected: "), std::string::npos) << result.verdict;
  EXPECT_NE(result.verdict.find(" overload"), std::string::npos) << result.verdict;
  options.isRejectAllowed = true;
  const SRunResult allowed = Executed(options);
  EXPECT_EQ(allowed.exitCode, kExitOk) << allowed.verdict;
  EXPECT_EQ(allowed.latencies.Count(), 0u);
}

TEST(CLoadRunTest, AServerThatIsNotThereHasItsExitCode) {
  std::string address;
  {
    const CFaultyServer server(EchoBack);
    address = server.Address();
  }
  const SRunResult result = Executed(Options(address));
  EXPECT_EQ(result.exitCode, kExitNoConnection);
  EXPECT_TRUE(result.phases.empty());
  EXPECT_NE(result.verdict.find("refused"), std::string::npos);
}

SRunOptions UntilManyRequests(const std::string& server) {
  SRunOptions options = Options(server);
  options.requests = 4000;
  options.duration = 60'000 * kMs;
  return options;
}

CFaultyServer::Script ResettingOnce() {
  return [](uint64_t number, std::span<const std::byte> frame) {
    SAction action = EchoBack(number, frame);
    action.isReset = number == 100;
    return action;
  };
}

TEST(CLoadRunTest, AResetFailsTheRunUnlessItIsExpected) {
  {
    CFaultyServer server(ResettingOnce());
    EXPECT_EQ(Executed(UntilManyRequests(server.Address())).exitCode, kExitFaults);
  }
  SRunOptions options;
  {
    CFaultyServer server(ResettingOnce());
    options = UntilManyRequests(server.Address());
    options.isResetExpected = true;
    const SRunResult result = Executed(options);
    EXPECT_EQ(result.exitCode, kExitOk) << result.verdict;
    EXPECT_EQ(result.ledger.Get(ECount::kClosedByServer), 1u);
  }
  CFaultyServer server(ResettingOnce());
  options = UntilManyRequests(server.Address());
  options.isResetExpected = true;
  options.isReconnecting = true;
  const SRunResult result = Executed(options);
  EXPECT_EQ(result.exitCode, kExitOk) << result.verdict;
  EXPECT_EQ(result.reconnectTimes.Count(), 1u);
  EXPECT_EQ(result.series.back().connections, 4u);
}

TEST(CLoadRunTest, AnAttackIsComparedWithThePeaceBefore) {
  CFaultyServer server(EchoBack);
  SRunOptions options = Options(server.Address());
  options.attacks = {"bad-crc", "connect-storm"};
  options.attackers = 3;
  const SRunResult result = Executed(options);
  EXPECT_EQ(result.exitCode, kExitOk) << result.verdict;
  ASSERT_EQ(result.phases.size(), 2u);
  EXPECT_EQ(result.phases[0].kind, EPhaseKind::kBeforeAttack);
  EXPECT_EQ(result.phases[1].kind, EPhaseKind::kUnderAttack);
  EXPECT_EQ(result.latencies.Count(), result.phases[1].replies);
  ASSERT_EQ(result.attacks.size(), 2u);
  const SAttackOutcome& patient = result.attacks[0];
  EXPECT_EQ(patient.kind, "bad-crc");
  EXPECT_EQ(patient.connections, 3u);
  EXPECT_EQ(patient.stillOpen, 3u) << "this server takes any CRC";
  const SAttackOutcome& storm = result.attacks[1];
  EXPECT_GT(storm.connections, 3u);
  for (const SAttackOutcome& one : result.attacks) {
    EXPECT_EQ(one.connections, one.closedByServer + one.resetByServer + one.endedByAttacker + one.stillOpen);
  }
}

TEST(CLoadRunTest, OnlyLoopbackIsAttackedUnlessTheTargetIsOnesOwn) {
  SRunOptions options = Options("192.0.2.1:9");
  options.attacks = {"flood"};
  CRunObserver observer;
  EXPECT_THROW(CLoadRun(options, observer), std::invalid_argument);
  options.isTargetMine = true;
  EXPECT_NO_THROW(CLoadRun(options, observer));
}

TEST(CLoadRunTest, ConnectionsComeFromEachSource) {
  CFaultyServer server(EchoBack);
  SRunOptions options = Options(server.Address());
  options.sources = {"127.0.0.2", "127.0.0.3"};
  EXPECT_EQ(Executed(options).exitCode, kExitOk);
  options.sources = {"192.0.2.7"};
  EXPECT_EQ(Executed(options).exitCode, kExitNoConnection) << "not one of ours";
}

}  // namespace
}  // namespace switchboard::sim
