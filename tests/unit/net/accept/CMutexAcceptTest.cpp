#include "net/accept/CMutexAccept.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

// Two networks, as if of two workers, on one socket.
class CMutexAcceptTest : public testing::Test {
 protected:
  explicit CMutexAcceptTest(uint32_t maxConnections = 16) {
    SConfig config = TestConfig();
    config.pool.connections = config.pool.max_connections = maxConnections;
    m_p_first = std::make_unique<CTestNetwork>(m_first, config, m_p_lock);
    m_p_second = std::make_unique<CTestNetwork>(m_second, config, m_p_lock, m_p_first->DuplicateListener());
  }
  bool IsServed() { return IsServed(m_clients.emplace_back(std::make_unique<CTestClient>(m_p_first->Port()))); }
  static bool IsServed(const std::unique_ptr<CTestClient>& p_client) {
    return p_client->SendFrame(7) && p_client->ReceiveFrame().has_value();
  }

  const std::shared_ptr<CAcceptLock> m_p_lock = std::make_shared<CAcceptLock>();
  CStubApplication m_first;
  CStubApplication m_second;
  std::unique_ptr<CTestNetwork> m_p_first;
  std::unique_ptr<CTestNetwork> m_p_second;
  std::vector<std::unique_ptr<CTestClient>> m_clients;
};

TEST_F(CMutexAcceptTest, TheyTakeTurns) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(IsServed());
  EXPECT_EQ(m_p_first->Active() + m_p_second->Active(), 20U);
  EXPECT_GT(m_p_first->Active(), 0U);
  EXPECT_GT(m_p_second->Active(), 0U);
}

TEST_F(CMutexAcceptTest, WhoStopsLeavesTheClientsToTheOther) {
  m_p_second->Stop();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(IsServed());
  EXPECT_EQ(m_p_first->Active(), 10U);
}

// epoll takes no files, as it takes nothing when the user's watches are all in use.
TEST(CMutexAcceptWatchTest, ASocketThatCannotBeWatchedIsTold) {
  CEpoll epoll;
  CMutexAccept source(CFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), 0, std::make_shared<CAcceptLock>());
  // Of the two, the bell can be watched: it isn't left behind for the next try.
  for (int i = 0; i < 2; ++i) {
    errno = 0;
    EXPECT_FALSE(source.Arm(epoll, 1));
    EXPECT_EQ(errno, EPERM);
  }
  ASSERT_TRUE(source.Begin());
  EXPECT_FALSE(source.End(epoll, 1));
  EXPECT_TRUE(source.Begin()) << "the right to accept is given back all the same";
}

class CFullMutexAcceptTest : public CMutexAcceptTest {
 protected:
  CFullMutexAcceptTest() : CMutexAcceptTest(3) {}
};

TEST_F(CFullMutexAcceptTest, WhoIsFullLeavesTheClientsToTheOther) {
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(IsServed());
  EXPECT_EQ(m_p_first->Active(), 3U);
  EXPECT_EQ(m_p_second->Active(), 3U);
  // When both are full, the next one waits until a slot is free.
  auto& p_next = m_clients.emplace_back(std::make_unique<CTestClient>(m_p_first->Port()));
  p_next->SendFrame(7);
  ASSERT_TRUE(Eventually(
      [&] { return m_p_first->Count(ECounter::kAcceptPauses) > 0 && m_p_second->Count(ECounter::kAcceptPauses) > 0; }));
  m_clients.front()->Close();
  EXPECT_TRUE(p_next->ReceiveFrame().has_value());
}

}  // namespace
}  // namespace switchboard
