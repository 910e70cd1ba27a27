#include "net/accept/CAcceptor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "misc/CLimitedLog.h"
#include "testing/CFakeClock.h"
#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

TEST(CAcceptorTest, WithoutSlotsPeersWaitAndAreServedLater) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.pool.connections = config.pool.max_connections = 2;
  CTestNetwork network(socket, config);
  std::vector<std::unique_ptr<CTestClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<CTestClient>(network.Port()));
    clients.back()->SendFrame(7);
  }
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kAcceptPauses) > 0; }));
  EXPECT_EQ(network.Active(), 2U);
  for (const std::unique_ptr<CTestClient>& p_client : clients) {
    ASSERT_TRUE(p_client->ReceiveFrame().has_value());
    p_client->Close();
  }
  ASSERT_TRUE(Eventually([&] { return network.Active() == 0; }));
  EXPECT_EQ(network.Count(ECounter::kConnectionsAccepted), 5U);
}

// Takes all descriptors of the process but a few.
class CDescriptorLimit {
 public:
  explicit CDescriptorLimit(int nextFree) {
    ::getrlimit(RLIMIT_NOFILE, &m_before);
    rlimit lowered = m_before;
    lowered.rlim_cur = static_cast<rlim_t>(nextFree);
    ::setrlimit(RLIMIT_NOFILE, &lowered);
  }
  ~CDescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &m_before); }

 private:
  rlimit m_before{};
};

TEST(CAcceptorTest, WithoutDescriptorsItRestsAndDoesNotSpin) {
  CStubApplication socket;
  CTestNetwork network(socket);
  CTestClient first(network.Port());
  first.SendFrame(7);
  ASSERT_TRUE(first.ReceiveFrame().has_value());
  CTestClient second(network.Port());
  ASSERT_TRUE(Eventually([&] { return network.Active() == 2; }));
  CFd third(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int highest = third.Get();
  std::optional<CDescriptorLimit> limit(highest + 1);
  // The client's descriptor is there, so that the server's is what lacks.
  CTestClient waiting(std::move(third), network.Port());
  ASSERT_TRUE(waiting.SendFrame(7));
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kAcceptPauses) > 0; }));
  EXPECT_EQ(network.Active(), 2U);
  first.SendFrame(7);
  EXPECT_TRUE(first.ReceiveFrame().has_value()) << "the others are served";
  EXPECT_LE(network.Count(ECounter::kAcceptPauses), 40U) << "one try a second, not a spin";
  second.Close();
  EXPECT_TRUE(waiting.ReceiveFrame().has_value()) << "a descriptor has become free";
  limit.reset();
}

// A source that the kernel refuses to watch as often as a test wants.
class CRefusedSource final : public CAcceptStrategy {
 public:
  explicit CRefusedSource(int& armed) : m_armed(armed) {}

  bool Arm(CEpoll&, uint64_t) override {
    errno = ENOSPC;
    if (refusals > 0) return --refusals, false;
    ++m_armed;
    return true;
  }
  void Disarm(CEpoll&) override { --m_armed; }
  bool Next(SNewcomer&) override {
    errno = EAGAIN;
    return false;
  }
  bool End(CEpoll&, uint64_t) override {
    errno = ENOSPC;
    return !refusesAtTheEnd;
  }

  int refusals = 0;
  bool refusesAtTheEnd = false;

 private:
  int& m_armed;
};

class CRefusedAcceptorTest : public testing::Test {
 protected:
  uint64_t Pauses() const { return m_p_page->Sum()[static_cast<size_t>(ECounter::kAcceptPauses)]; }
  CRefusedSource& Add(int& armed) {
    auto p_source = std::make_unique<CRefusedSource>(armed);
    CRefusedSource& source = *p_source;
    m_acceptor.Add(std::move(p_source));
    return source;
  }

  const std::unique_ptr<SWorkerPage> m_p_page = std::make_unique<SWorkerPage>();
  CEpoll m_epoll;
  CConnectionPool m_pool{1, 4, 4, *m_p_page};
  SInboxes m_inboxes{4};
  CLog m_plainLog{"/dev/null", ELogLevel::kDebug};
  CFakeClock m_clock;
  CLimitedLog m_log{m_plainLog, m_clock, [] {}};
  CAcceptor m_acceptor{
      {}, 1, m_epoll, m_pool, m_inboxes, m_log, CTally::Own(m_p_page->io), [](CFd, const SPeer&, uint32_t) {}};
  const MonotonicTime m_now = std::chrono::steady_clock::now();
};

TEST_F(CRefusedAcceptorTest, WhatCannotBeWatchedAfterABatchIsTriedAgain) {
  int armed = 0;
  CRefusedSource& source = Add(armed);
  EXPECT_EQ(armed, 1);
  source.refusesAtTheEnd = true;
  m_acceptor.Accept(1, m_now);
  EXPECT_EQ(Pauses(), 1U);
  EXPECT_EQ(armed, 0);
  ASSERT_TRUE(m_acceptor.RetryAt().has_value());
  EXPECT_TRUE(m_inboxes.isAcceptResting) << "whoever frees something wakes it sooner";
  source.refusesAtTheEnd = false;
  m_acceptor.Resume(*m_acceptor.RetryAt());
  EXPECT_EQ(armed, 1);
  EXPECT_EQ(m_acceptor.RetryAt(), std::nullopt);
}

TEST_F(CRefusedAcceptorTest, ARestGoesOnAsLongAsASourceCannotBeWatched) {
  int first = 0;
  int second = 0;
  CRefusedSource& source = Add(first);
  Add(second);
  source.refusesAtTheEnd = true;
  m_acceptor.Accept(1, m_now);
  source.refusesAtTheEnd = false;
  source.refusals = 2;
  for (uint64_t pauses = 2; pauses <= 3; ++pauses) {
    const MonotonicTime now = m_acceptor.RetryAt().value();
    m_acceptor.Resume(now);
    EXPECT_EQ(Pauses(), pauses);
    EXPECT_GT(m_acceptor.RetryAt(), now) << "no client is forgotten for good";
    EXPECT_TRUE(m_inboxes.isAcceptResting);
  }
  m_acceptor.Resume(m_acceptor.RetryAt().value());
  EXPECT_EQ(m_acceptor.RetryAt(), std::nullopt);
  EXPECT_FALSE(m_inboxes.isAcceptResting);
}

TEST_F(CRefusedAcceptorTest, ASourceThatCannotBeWatchedAtFirstIsNotServedAndTheOthersAre) {
  int armed = 0;
  auto p_source = std::make_unique<CRefusedSource>(armed);
  p_source->refusals = 1;
  m_acceptor.Add(std::move(p_source));
  EXPECT_EQ(armed, 0);
  Add(armed);
  EXPECT_EQ(armed, 1);
  EXPECT_FALSE(m_acceptor.Accept(1, m_now)) << "its key is the next one's";
  EXPECT_EQ(Pauses(), 0U);
}

}  // namespace
}  // namespace switchboard
