#include "net/role/CHeartbeat.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "tests/support/CFakeClock.h"

namespace switchboard {
namespace {

using std::chrono::seconds;

class CHeartbeatTest : public testing::Test {
 protected:
  static SConfig Config(seconds silence, seconds maxSession) {
    SConfig config;
    config.heartbeat.enabled = silence.count() != 0;
    config.heartbeat.interval = silence / 3;
    config.heartbeat.max_misses = 3;
    config.heartbeat.max_session = maxSession;
    return config;
  }
  // Closed when silent for 30 s.
  CHeartbeat& Heartbeat(seconds silence = seconds(30), seconds maxSession = seconds(0)) {
    m_p_heartbeat = std::make_unique<CHeartbeat>(Config(silence, maxSession), m_pool, m_inboxes);
    return *m_p_heartbeat;
  }
  CConnection& Connect() {
    CConnection* p_connection = m_pool.Acquire(CFd(), {}, m_clock.Now());
    m_p_heartbeat->Watch(p_connection->Session(), m_clock.Now());
    return *p_connection;
  }
  std::optional<MonotonicTime> RunDueAfter(seconds time) {
    m_clock.Advance(time);
    return m_p_heartbeat->RunDue(m_clock.Now());
  }

  CFakeClock m_clock;
  CBufferPool m_buffers;  // outlives the blocks that connections hold
  std::unique_ptr<SWorkerPage> m_p_page = std::make_unique<SWorkerPage>();
  CConnectionPool m_pool{0, 16, 10000, *m_p_page};
  SInboxes m_inboxes{10000};
  std::unique_ptr<CHeartbeat> m_p_heartbeat;
};

TEST_F(CHeartbeatTest, ClosesTheSilentWhenTheirTimeHasCome) {
  Heartbeat();
  CConnection& connection = Connect();
  const MonotonicTime deadline = m_clock.Now() + seconds(30);
  EXPECT_EQ(RunDueAfter(seconds(29)), deadline);
  EXPECT_EQ(connection.Phase(), EPhase::kOpen);
  EXPECT_EQ(RunDueAfter(seconds(1)), std::nullopt) << "it is no longer watched";
  EXPECT_EQ(connection.Phase(), EPhase::kAborting);
  EXPECT_EQ(connection.Reason(), ECloseReason::kHeartbeat);
}

TEST_F(CHeartbeatTest, ActivityMovesTheDeadline) {
  Heartbeat();
  CConnection& connection = Connect();
  m_clock.Advance(seconds(20));
  connection.Touch(m_clock.Now());
  const MonotonicTime deadline = m_clock.Now() + seconds(30);
  EXPECT_EQ(RunDueAfter(seconds(10)), deadline);
  EXPECT_EQ(connection.Phase(), EPhase::kOpen);
  RunDueAfter(seconds(20));
  EXPECT_EQ(connection.Phase(), EPhase::kAborting);
}

TEST_F(CHeartbeatTest, TellsWhenADeadlineIsTheEarliest) {
  CHeartbeat& heartbeat = Heartbeat();
  EXPECT_EQ(heartbeat.RunDue(m_clock.Now()), std::nullopt);
  EXPECT_TRUE(heartbeat.Watch({0, 0, 1}, m_clock.Now()));
  m_clock.Advance(seconds(1));
  EXPECT_FALSE(heartbeat.Watch({0, 1, 1}, m_clock.Now()));
}

TEST_F(CHeartbeatTest, ASessionThatEndedIsDroppedWhenItsDeadlineComes) {
  CHeartbeat& heartbeat = Heartbeat();
  CConnection& connection = Connect();
  const uint32_t slot = connection.slot;
  connection.MoveTo(EPhase::kClosed, ECloseReason::kPeerClosed, 1);
  m_pool.CountClosed();
  m_pool.Release(connection);
  m_clock.Advance(seconds(10));
  CConnection* p_next = m_pool.Acquire(CFd(), {}, m_clock.Now());
  ASSERT_EQ(p_next->slot, slot);
  heartbeat.Watch(p_next->Session(), m_clock.Now());
  const MonotonicTime deadline = m_clock.Now() + seconds(30);
  EXPECT_EQ(RunDueAfter(seconds(20)), deadline) << "only the next life's is left";
  EXPECT_EQ(p_next->Phase(), EPhase::kOpen) << "the old session's deadline doesn't touch the slot's next life";
}

TEST_F(CHeartbeatTest, LooksOnlyAtThoseThatAreDue) {
  Heartbeat();
  for (int i = 0; i < 1000; ++i) Connect();
  m_clock.Advance(seconds(10));
  CConnection& last = Connect();
  RunDueAfter(seconds(20));
  uint32_t aborted = 0;
  for (uint32_t slot = 0; slot < 1000; ++slot) aborted += m_pool.At(slot).Phase() == EPhase::kAborting ? 1 : 0;
  EXPECT_EQ(aborted, 1000U);
  EXPECT_EQ(last.Phase(), EPhase::kOpen);
}

TEST_F(CHeartbeatTest, MaxSessionEndsEvenTheActive) {
  Heartbeat(seconds(30), seconds(100));
  CConnection& connection = Connect();
  for (int i = 0; i < 9; ++i) {
    m_clock.Advance(seconds(10));
    connection.Touch(m_clock.Now());
    m_p_heartbeat->RunDue(m_clock.Now());
  }
  EXPECT_EQ(connection.Phase(), EPhase::kOpen);
  const std::optional<MonotonicTime> next = RunDueAfter(seconds(10));
  EXPECT_EQ(connection.Phase(), EPhase::kDraining) << "what was asked before is answered";
  EXPECT_EQ(connection.Reason(), ECloseReason::kMaxSession);
  ASSERT_TRUE(next.has_value()) << "it is watched on, in case it never finishes";
  RunDueAfter(seconds(30));
  EXPECT_EQ(connection.Phase(), EPhase::kAborting);
  EXPECT_EQ(connection.Reason(), ECloseReason::kMaxSession) << "the first reason stays";
}

TEST_F(CHeartbeatTest, MaxSessionWorksAlone) {
  Heartbeat(seconds(0), seconds(100));
  CConnection& connection = Connect();
  RunDueAfter(seconds(99));
  EXPECT_EQ(connection.Phase(), EPhase::kOpen);
  EXPECT_EQ(RunDueAfter(seconds(1)), std::nullopt);
  EXPECT_EQ(connection.Phase(), EPhase::kDraining);
}

// Looks come each 10 s, and when the session is 25 s old.
TEST_F(CHeartbeatTest, APartOfAWindowIsNoMeasureOfADownload) {
  SConfig config = Config(seconds(0), seconds(25));
  config.listeners.resize(1);
  config.listeners[0].http.idle_timeout = seconds(10);
  config.listeners[0].http.min_rate = 100;
  m_p_heartbeat = std::make_unique<CHeartbeat>(config, m_pool, m_inboxes);
  CConnection& connection = *m_pool.Acquire(CFd(), {}, m_clock.Now(), {0, true});
  m_p_heartbeat->Watch(connection.Session(), m_clock.Now());
  const MonotonicTime start = m_clock.Now();
  BlockPtr p_block = m_buffers.Get(10);
  p_block->Append(std::vector<std::byte>(10));
  connection.outbox.Append(connection.Generation(), std::move(p_block), 1000);
  const auto lookAfter = [&](seconds time, uint64_t sentBytes) {
    connection.CountSent(sentBytes);
    return RunDueAfter(time);
  };
  EXPECT_EQ(lookAfter(seconds(10), 1000), start + seconds(20));
  EXPECT_EQ(lookAfter(seconds(10), 1000), start + seconds(25));
  EXPECT_EQ(lookAfter(seconds(5), 500), start + seconds(30));
  EXPECT_EQ(connection.Phase(), EPhase::kDraining);
  EXPECT_EQ(lookAfter(seconds(5), 500), start + seconds(40));
  EXPECT_EQ(connection.Phase(), EPhase::kDraining) << "it is sent to as fast as it must be";
  EXPECT_EQ(lookAfter(seconds(10), 999), std::nullopt);
  EXPECT_EQ(connection.Phase(), EPhase::kAborting);
}

TEST_F(CHeartbeatTest, WithoutLimitsNothingIsWatched) {
  CHeartbeat& heartbeat = Heartbeat(seconds(0), seconds(0));
  EXPECT_FALSE(heartbeat.Watch({0, 0, 1}, m_clock.Now()));
  EXPECT_EQ(RunDueAfter(seconds(1000000)), std::nullopt);
}

}  // namespace
}  // namespace switchboard
