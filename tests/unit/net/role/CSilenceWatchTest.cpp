#include "net/role/CSilenceWatch.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "testing/CFakeClock.h"
#include "tests/support/CStubProtocol.h"

namespace switchboard {
namespace {

using std::chrono::seconds;

class CSilenceWatchTest : public testing::Test {
 protected:
  // Closed when silent for 30 s.
  CSilenceWatch& Watch(seconds silence = seconds(30), seconds maxSession = seconds(0)) {
    SConfig config;
    config.heartbeat.max_session = maxSession;
    m_protocol.idleRule.silence = silence;
    m_p_watch = std::make_unique<CSilenceWatch>(config, m_pool, m_inboxes);
    return *m_p_watch;
  }
  CConnection& Connect() {
    CConnection* p_connection = m_pool.Acquire(CFd(), {}, m_clock.Now(), m_protocol);
    m_p_watch->Watch(*p_connection, m_clock.Now());
    return *p_connection;
  }
  void End(CConnection& connection) {
    connection.MoveTo(EPhase::kClosed, ECloseReason::kPeerClosed, connection.Generation());
    m_pool.CountClosed();
    m_pool.Release(connection);
  }
  // Whom sb-io is asked to look at.
  std::vector<CSession> LookedAt() {
    std::vector<IoNote> notes;
    m_inboxes.io.Take(notes);
    std::vector<CSession> sessions;
    for (const IoNote& note : notes) {
      if (const auto* p_look = std::get_if<io_note::SLookAtSilent>(&note)) sessions.push_back(p_look->session);
    }
    return sessions;
  }
  std::optional<MonotonicTime> RunDueAfter(seconds time) {
    m_clock.Advance(time);
    return m_p_watch->RunDue(m_clock.Now());
  }

  CStubProtocol m_protocol;
  CFakeClock m_clock;
  CBufferPool m_buffers;  // outlives the blocks that connections hold
  std::unique_ptr<SWorkerPage> m_p_page = std::make_unique<SWorkerPage>();
  CConnectionPool m_pool{0, 16, 10000, *m_p_page};
  SInboxes m_inboxes{10000};
  std::unique_ptr<CSilenceWatch> m_p_watch;
};

TEST_F(CSilenceWatchTest, TheSilentAreLookedAtWhenTheirTimeHasCome) {
  Watch();
  CConnection& connection = Connect();
  const MonotonicTime deadline = m_clock.Now() + seconds(30);
  EXPECT_EQ(RunDueAfter(seconds(29)), deadline);
  EXPECT_TRUE(LookedAt().empty());
  EXPECT_EQ(RunDueAfter(seconds(1)), std::nullopt) << "it is no longer watched";
  EXPECT_EQ(LookedAt(), std::vector{connection.Session()});
  EXPECT_EQ(connection.Phase(), EPhase::kOpen) << "sb-io judges, when it has read what waits";
}

TEST_F(CSilenceWatchTest, ActivityMovesTheDeadline) {
  Watch();
  CConnection& connection = Connect();
  m_clock.Advance(seconds(20));
  connection.Touch(m_clock.Now());
  const MonotonicTime deadline = m_clock.Now() + seconds(30);
  EXPECT_EQ(RunDueAfter(seconds(10)), deadline);
  EXPECT_TRUE(LookedAt().empty());
  RunDueAfter(seconds(20));
  EXPECT_EQ(LookedAt().size(), 1U);
}

TEST_F(CSilenceWatchTest, WhoTakesWhatItIsSentIsNotSilent) {
  Watch();
  CConnection& connection = Connect();
  BlockPtr p_block = m_buffers.Get(10);
  p_block->Append(std::vector<std::byte>(10));
  connection.outbox.Append(connection.Generation(), std::move(p_block), 1000);
  for (int i = 0; i < 5; ++i) {
    connection.CountSent(1);
    RunDueAfter(seconds(30));
    EXPECT_TRUE(LookedAt().empty());
  }
  RunDueAfter(seconds(30));
  EXPECT_EQ(LookedAt().size(), 1U) << "it has taken nothing";
}

// A connection whose kernel has much for a peer that takes little of it.
class CSlowPeerTest : public CSilenceWatchTest {
 protected:
  CConnection& ConnectSlowPeer() {
    const CFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const p_address = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener.Get(), p_address, size), 0);
    EXPECT_EQ(::listen(listener.Get(), 1), 0);
    EXPECT_EQ(::getsockname(listener.Get(), p_address, &size), 0);
    m_peer = CFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int bufferBytes = 4096;
    EXPECT_EQ(::setsockopt(m_peer.Get(), SOL_SOCKET, SO_RCVBUF, &bufferBytes, sizeof(bufferBytes)), 0);
    EXPECT_EQ(::connect(m_peer.Get(), p_address, size), 0);
    CFd server(::accept4(listener.Get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    const std::vector<std::byte> bytes(512 * 1024);
    const ssize_t n = ::send(server.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    EXPECT_GT(n, ssize_t{4} * kTaken);
    CConnection* p_connection = m_pool.Acquire(std::move(server), {}, m_clock.Now(), m_protocol);
    m_p_watch->Watch(*p_connection, m_clock.Now());
    p_connection->CountSent(static_cast<uint64_t>(n));
    return *p_connection;
  }
  // Until the server's side knows of it.
  void Take(const CConnection& connection) {
    const uint64_t wanted = connection.TakenBytes() + kTaken;
    std::vector<std::byte> bytes(1024);
    while (connection.TakenBytes() < wanted) ASSERT_GT(::recv(m_peer.Get(), bytes.data(), bytes.size(), 0), 0);
  }

  static constexpr int kTaken = 20000;
  CFd m_peer;
};

TEST_F(CSlowPeerTest, WhoTakesWhatTheKernelHasIsNotSilent) {
  Watch();
  const CConnection& connection = ConnectSlowPeer();
  for (int i = 0; i < 3; ++i) {
    Take(connection);
    RunDueAfter(seconds(30));
    EXPECT_TRUE(LookedAt().empty()) << i;
  }
  RunDueAfter(seconds(30));
  EXPECT_EQ(LookedAt().size(), 1U) << "it has taken nothing";
}

TEST_F(CSlowPeerTest, WhoTakesNothingOfWhatTheKernelHasIsTooSlowWhereRestAloneIsSilence) {
  Watch();
  m_protocol.idleRule.countsOnlyRest = true;
  CConnection& connection = ConnectSlowPeer();
  Take(connection);
  RunDueAfter(seconds(30));
  EXPECT_EQ(connection.Phase(), EPhase::kOpen);
  RunDueAfter(seconds(30));
  EXPECT_EQ(connection.Phase(), EPhase::kAborting);
  EXPECT_EQ(connection.Reason(), ECloseReason::kTooSlow);
}

TEST_F(CSlowPeerTest, ItsRateIsThatAtWhichItTakesAndNotTheSockets) {
  Watch(seconds(75));
  m_protocol.idleRule.countsOnlyRest = true;
  m_protocol.idleRule.minRate = kTaken / 10;
  CConnection& connection = ConnectSlowPeer();
  BlockPtr p_block = m_buffers.Get(10);
  p_block->Append(std::vector<std::byte>(10));
  connection.outbox.Append(connection.Generation(), std::move(p_block), 1000);
  m_p_watch->WatchSending(connection, m_clock.Now());
  for (int i = 0; i < 3; ++i) {
    Take(connection);
    RunDueAfter(seconds(10));
    EXPECT_EQ(connection.Phase(), EPhase::kOpen) << i;
  }
  RunDueAfter(seconds(10));
  EXPECT_EQ(connection.Reason(), ECloseReason::kTooSlow) << "it has taken nothing";
}

TEST_F(CSilenceWatchTest, TellsWhenADeadlineIsTheEarliest) {
  CSilenceWatch& watch = Watch();
  EXPECT_EQ(watch.RunDue(m_clock.Now()), std::nullopt);
  EXPECT_TRUE(watch.Watch(*m_pool.Acquire(CFd(), {}, m_clock.Now(), m_protocol), m_clock.Now()));
  m_clock.Advance(seconds(1));
  EXPECT_FALSE(watch.Watch(*m_pool.Acquire(CFd(), {}, m_clock.Now(), m_protocol), m_clock.Now()));
}

TEST_F(CSilenceWatchTest, ThePlaceOfAnEndedSessionIsItsSlotsNextLifes) {
  Watch();
  CConnection& connection = Connect();
  const uint32_t slot = connection.slot;
  End(connection);
  m_clock.Advance(seconds(10));
  CConnection& next = Connect();
  ASSERT_EQ(next.slot, slot);
  const MonotonicTime deadline = m_clock.Now() + seconds(30);
  EXPECT_EQ(RunDueAfter(seconds(20)), deadline) << "the old session's deadline doesn't touch the slot's next life";
  EXPECT_TRUE(LookedAt().empty());
}

TEST_F(CSilenceWatchTest, AShorterSilenceOfTheNextLifeCounts) {
  Watch(seconds(1000));
  End(Connect());
  m_protocol.idleRule.silence = seconds(5);
  Connect();
  RunDueAfter(seconds(5));
  EXPECT_EQ(LookedAt().size(), 1U);
}

TEST_F(CSilenceWatchTest, ItsSizeFollowsTheOpenConnectionsAndNotThoseThatWere) {
  CSilenceWatch& watch = Watch(seconds(1200));
  for (int i = 0; i < 100'000; ++i) End(Connect());
  EXPECT_LE(watch.Size(), 1U);
}

TEST_F(CSilenceWatchTest, LooksOnlyAtThoseThatAreDue) {
  Watch();
  for (int i = 0; i < 1000; ++i) Connect();
  m_clock.Advance(seconds(10));
  CConnection& last = Connect();
  RunDueAfter(seconds(20));
  const std::vector<CSession> sessions = LookedAt();
  EXPECT_EQ(sessions.size(), 1000U);
  EXPECT_EQ(std::count(sessions.begin(), sessions.end(), last.Session()), 0);
}

TEST_F(CSilenceWatchTest, MaxSessionEndsEvenTheActive) {
  Watch(seconds(30), seconds(100));
  CConnection& connection = Connect();
  for (int i = 0; i < 9; ++i) {
    m_clock.Advance(seconds(10));
    connection.Touch(m_clock.Now());
    m_p_watch->RunDue(m_clock.Now());
  }
  EXPECT_EQ(connection.Phase(), EPhase::kOpen);
  const std::optional<MonotonicTime> next = RunDueAfter(seconds(10));
  EXPECT_EQ(connection.Phase(), EPhase::kDraining) << "what was asked before is answered";
  EXPECT_EQ(connection.Reason(), ECloseReason::kMaxSession);
  ASSERT_TRUE(next.has_value()) << "it is watched on, in case it never finishes";
  RunDueAfter(seconds(30));
  EXPECT_EQ(LookedAt(), std::vector{connection.Session()});
}

TEST_F(CSilenceWatchTest, MaxSessionWorksAlone) {
  Watch(seconds(0), seconds(100));
  CConnection& connection = Connect();
  RunDueAfter(seconds(99));
  EXPECT_EQ(connection.Phase(), EPhase::kOpen);
  EXPECT_EQ(RunDueAfter(seconds(1)), std::nullopt);
  EXPECT_EQ(connection.Phase(), EPhase::kDraining);
}

// Looks come each 10 s, and when the session is 25 s old.
TEST_F(CSilenceWatchTest, APartOfAWindowIsNoMeasureOfADownload) {
  Watch(seconds(10), seconds(25));
  m_protocol.idleRule.countsOnlyRest = true;
  m_protocol.idleRule.minRate = 100;
  CConnection& connection = Connect();
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

TEST_F(CSilenceWatchTest, WithoutLimitsNothingIsWatched) {
  CSilenceWatch& watch = Watch(seconds(0), seconds(0));
  EXPECT_FALSE(watch.Watch(*m_pool.Acquire(CFd(), {}, m_clock.Now(), m_protocol), m_clock.Now()));
  EXPECT_EQ(RunDueAfter(seconds(1000000)), std::nullopt);
}

}  // namespace
}  // namespace switchboard
