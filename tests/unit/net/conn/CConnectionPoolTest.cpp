#include "net/conn/CConnectionPool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <vector>

#include "tests/support/CStubProtocol.h"

namespace switchboard {
namespace {

constexpr uint32_t kWorker = 3;

class CConnectionPoolTest : public testing::Test {
 protected:
  CConnection* Acquire(CConnectionPool& pool) { return pool.Acquire(CFd(), {}, {}, m_protocol); }
  void CloseAndRelease(CConnectionPool& pool, CConnection& connection) {
    connection.MoveTo(EPhase::kClosed, ECloseReason::kPeerClosed, connection.Generation());
    pool.CountClosed();
    pool.Release(connection);
  }

  CStubProtocol m_protocol;
  std::unique_ptr<SWorkerPage> m_p_page = std::make_unique<SWorkerPage>();
};

TEST_F(CConnectionPoolTest, GrowsBySlabsWithStableAddressesUpToItsBound) {
  CConnectionPool pool(kWorker, 4, 10, *m_p_page);
  EXPECT_EQ(pool.Made(), 4U);
  std::vector<CConnection*> lent;
  for (uint32_t i = 0; i < 10; ++i) {
    EXPECT_TRUE(pool.HasFree());
    lent.push_back(Acquire(pool));
    ASSERT_NE(lent.back(), nullptr);
    EXPECT_EQ(pool.Made(), i < 4 ? 4U : i < 8 ? 8U : 12U);
  }
  EXPECT_EQ(std::set<CConnection*>(lent.begin(), lent.end()).size(), 10U);
  EXPECT_FALSE(pool.HasFree());
  EXPECT_EQ(Acquire(pool), nullptr);
  EXPECT_EQ(pool.Active(), 10U);
  EXPECT_EQ(pool.Lent(), 10U);
  EXPECT_EQ(m_p_page->connectionsActive.load(), 10U);
  for (CConnection* p_connection : lent) {
    EXPECT_EQ(&pool.At(p_connection->slot), p_connection);
    EXPECT_EQ(pool.Find(p_connection->Session()), p_connection);
    EXPECT_EQ(p_connection->Session().Worker(), kWorker);
  }
}

TEST_F(CConnectionPoolTest, RoundsTheSlabUpToAPowerOfTwo) {
  EXPECT_EQ(CConnectionPool(kWorker, 5, 100, *m_p_page).Made(), 8U);
  EXPECT_EQ(CConnectionPool(kWorker, 1, 100, *m_p_page).Made(), 1U);
}

TEST_F(CConnectionPoolTest, ASmallSlabStillReachesALargeBound) {
  constexpr uint32_t kMany = 20000;  // more than there can be slabs
  CConnectionPool pool(kWorker, 1, kMany, *m_p_page);
  for (uint32_t i = 0; i < kMany; ++i) ASSERT_NE(Acquire(pool), nullptr);
  EXPECT_EQ(Acquire(pool), nullptr);
}

TEST_F(CConnectionPoolTest, WhenFullItClosesWhatItDoesNotTake) {
  CConnectionPool pool(kWorker, 1, 1, *m_p_page);
  ASSERT_NE(Acquire(pool), nullptr);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const CFd reader(ends[0]);
  EXPECT_EQ(pool.Acquire(CFd(ends[1]), {}, {}, m_protocol), nullptr);
  char byte;
  EXPECT_EQ(::read(reader.Get(), &byte, 1), 0) << "the end of the pipe: its writer is closed";
}

TEST_F(CConnectionPoolTest, AReleasedSlotIsLentAgainUnderTheNextGeneration) {
  CConnectionPool pool(kWorker, 1, 1, *m_p_page);
  CConnection* p_first = Acquire(pool);
  const CSession first = p_first->Session();
  EXPECT_EQ(first.Generation(), 1U);
  CloseAndRelease(pool, *p_first);
  EXPECT_EQ(pool.Find(first), nullptr);
  EXPECT_EQ(pool.Lent(), 0U);
  CConnection* p_second = Acquire(pool);
  EXPECT_EQ(p_second, p_first);
  EXPECT_EQ(p_second->Generation(), 2U);
  EXPECT_EQ(pool.Find(first), nullptr);
  EXPECT_EQ(pool.Find(p_second->Session()), p_second);
}

TEST_F(CConnectionPoolTest, AClosedSlotStaysLentUntilItIsReleased) {
  CConnectionPool pool(kWorker, 1, 1, *m_p_page);
  CConnection* p_connection = Acquire(pool);
  p_connection->MoveTo(EPhase::kClosed, ECloseReason::kPeerClosed, 1);
  pool.CountClosed();
  EXPECT_EQ(pool.Active(), 0U);
  EXPECT_EQ(pool.Lent(), 1U);
  EXPECT_FALSE(pool.HasFree());
  EXPECT_EQ(pool.Find(p_connection->Session()), nullptr) << "closed is gone";
}

TEST_F(CConnectionPoolTest, FindsNothingForWhatItNeverLent) {
  CConnectionPool pool(kWorker, 4, 10, *m_p_page);
  CConnection* p_connection = Acquire(pool);
  const CSession session = p_connection->Session();
  EXPECT_EQ(pool.Find({}), nullptr);
  EXPECT_EQ(pool.Find({kWorker + 1, session.Slot(), session.Generation()}), nullptr);
  EXPECT_EQ(pool.Find({kWorker, session.Slot() + 1, 1}), nullptr) << "free";
  EXPECT_EQ(pool.Find({kWorker, 4, 1}), nullptr) << "not made yet";
  EXPECT_EQ(pool.Find({kWorker, UINT32_MAX, 1}), nullptr);
  EXPECT_EQ(pool.Find({kWorker, session.Slot(), session.Generation() + 1}), nullptr);
}

}  // namespace
}  // namespace switchboard
