#include "net/conn/CConnection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/CStubProtocol.h"

namespace switchboard {
namespace {

using EClose = CConnection::EClose;

SPeer PeerOf(const char* p_address, uint16_t port) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(port);
  if (inet_pton(AF_INET, p_address, &v4.sin_addr) == 1) {
    std::memcpy(&storage, &v4, sizeof(v4));
  } else if (inet_pton(AF_INET6, p_address, &v6.sin6_addr) == 1) {
    std::memcpy(&storage, &v6, sizeof(v6));
  }
  return SPeer::From(storage);
}

class CConnectionTest : public testing::Test {
 protected:
  CConnectionTest() { m_connection.Open(CFd(), PeerOf("192.0.2.1", 4711), m_now, m_protocol); }

  CStubProtocol m_protocol;
  const MonotonicTime m_now = MonotonicTime(std::chrono::hours(1000));
  CConnection m_connection;
};

TEST(SPeerTest, KnowsBothFamilies) {
  EXPECT_EQ(PeerOf("192.0.2.1", 4711).ToString(), "192.0.2.1:4711");
  EXPECT_EQ(PeerOf("2001:db8::1", 65535).ToString(), "[2001:db8::1]:65535");
}

TEST_F(CConnectionTest, ItsPhaseMovesRightOnlyAndMaySkip) {
  constexpr EPhase kPhases[] = {EPhase::kOpen, EPhase::kDraining, EPhase::kFlushing, EPhase::kAborting};
  for (const EPhase from : kPhases) {
    for (const EPhase to : kPhases) {
      CConnection connection;
      connection.Open(CFd(), {}, m_now, m_protocol);
      connection.MoveTo(from, ECloseReason::kFlood, 1);
      ASSERT_EQ(connection.Phase(), from);
      EXPECT_EQ(connection.MoveTo(to, ECloseReason::kFlood, 1), to > from ? EClose::kAsked : EClose::kTooLate);
      EXPECT_EQ(connection.Phase(), std::max(from, to));
    }
  }
}

TEST_F(CConnectionTest, TheFirstReasonWins) {
  EXPECT_EQ(m_connection.MoveTo(EPhase::kDraining, ECloseReason::kBadLength, 1), EClose::kAsked);
  EXPECT_EQ(m_connection.MoveTo(EPhase::kAborting, ECloseReason::kHeartbeat, 1), EClose::kAsked);
  EXPECT_EQ(m_connection.MoveTo(EPhase::kClosed, ECloseReason::kWorkerStop, 1), EClose::kAsked);
  EXPECT_EQ(m_connection.Reason(), ECloseReason::kBadLength);
}

TEST_F(CConnectionTest, AnotherLifeIsGone) {
  EXPECT_EQ(m_connection.MoveTo(EPhase::kAborting, ECloseReason::kFlood, 0), EClose::kGone);
  EXPECT_EQ(m_connection.MoveTo(EPhase::kAborting, ECloseReason::kFlood, 2), EClose::kGone);
  EXPECT_EQ(m_connection.Phase(), EPhase::kOpen);
}

TEST_F(CConnectionTest, ClosedAndFreeItIsGone) {
  m_connection.MoveTo(EPhase::kClosed, ECloseReason::kFlood, 1);
  EXPECT_EQ(m_connection.MoveTo(EPhase::kAborting, ECloseReason::kFlood, 1), EClose::kGone);
  m_connection.EndLife();
  EXPECT_EQ(m_connection.Generation(), 2U);
  EXPECT_EQ(m_connection.Phase(), EPhase::kFree);
  EXPECT_EQ(m_connection.MoveTo(EPhase::kAborting, ECloseReason::kFlood, 1), EClose::kGone);
  EXPECT_EQ(m_connection.MoveTo(EPhase::kAborting, ECloseReason::kFlood, 2), EClose::kGone);
}

TEST_F(CConnectionTest, AnswersWhileItIsOpenOrDraining) {
  EXPECT_TRUE(m_connection.IsAnswering());
  m_connection.MoveTo(EPhase::kDraining, ECloseReason::kPeerClosed, 1);
  EXPECT_TRUE(m_connection.IsAnswering());
  m_connection.MoveTo(EPhase::kFlushing, ECloseReason::kPeerClosed, 1);
  EXPECT_FALSE(m_connection.IsAnswering());
}

TEST_F(CConnectionTest, TheNextLifeBeginsAnew) {
  m_connection.isReadPaused = true;
  m_connection.read.isDetached = m_connection.read.isResting = true;
  m_connection.recycling = {true, true, true, 1};
  m_connection.write.isInSendEpoll = true;
  m_connection.MoveTo(EPhase::kClosed, ECloseReason::kFlood, 1);
  m_connection.EndLife();
  const MonotonicTime later = m_now + std::chrono::hours(1);
  m_connection.Open(CFd(), PeerOf("2001:db8::2", 1), later, m_protocol);
  EXPECT_EQ(m_connection.Phase(), EPhase::kOpen);
  EXPECT_EQ(m_connection.Session(), CSession(0, 0, 2));
  EXPECT_EQ(m_connection.OpenedAt(), later);
  EXPECT_EQ(m_connection.LastActive(), later);
  EXPECT_FALSE(m_connection.isReadPaused || m_connection.read.isDetached || m_connection.read.isResting ||
               m_connection.write.isInSendEpoll);
  const SRecycling& recycling = m_connection.recycling;
  EXPECT_FALSE(recycling.isReadHalfDone || recycling.isHandlingDone || recycling.isFlushTimed);
  EXPECT_EQ(m_connection.Peer(1), std::nullopt);
  EXPECT_EQ(m_connection.Peer(2)->ToString(), "[2001:db8::2]:1");
}

TEST_F(CConnectionTest, AnIdleOneIsSmall) {
  EXPECT_LE(sizeof(CConnection), 448U) << "of the 512 bytes that it may cost";
}

}  // namespace
}  // namespace switchboard
