#include "proc/workforce/CClientQueue.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <deque>
#include <utility>

#include "misc/file/CFd.h"

namespace switchboard {
namespace {

class CClientQueueTest : public testing::Test {
 protected:
  // The client's end of one who waits.
  CFd Wait(uint32_t listener) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    m_queue.Append({CFd(ends[0]), listener});
    return CFd(ends[1]);
  }
  std::deque<uint32_t> Order() {
    std::deque<uint32_t> order;
    for (; !m_queue.IsEmpty(); m_queue.PopFirst()) order.push_back(m_queue.First().listener);
    return order;
  }

  CClientQueue m_queue;
};

TEST_F(CClientQueueTest, WhoComesBackIsBeforeThoseWhoCameLater) {
  const CFd third = Wait(3);
  const CFd fourth = Wait(4);
  std::deque<CClientQueue::SClient> back;
  back.push_back({CFd(), 1});
  back.push_back({CFd(), 2});
  m_queue.TakeBack(back);
  EXPECT_TRUE(back.empty());
  EXPECT_EQ(m_queue.TakeLast().listener, 4U);
  EXPECT_EQ(Order(), (std::deque<uint32_t>{1, 2, 3}));
}

TEST_F(CClientQueueTest, WhoHasGoneIsLetGoOnceAPlaceIsWanted) {
  CFd gone = Wait(1);
  const CFd patient = Wait(2);
  const CFd asking = Wait(3);
  ASSERT_EQ(send(asking.Get(), "x", 1, 0), 1);
  ASSERT_EQ(shutdown(asking.Get(), SHUT_WR), 0);
  const CFd silent = Wait(4);
  ASSERT_EQ(shutdown(silent.Get(), SHUT_WR), 0);
  gone.Reset();
  EXPECT_TRUE(m_queue.Fits(4));
  EXPECT_TRUE(m_queue.Fits(2));
  EXPECT_FALSE(m_queue.Fits(1));
  EXPECT_EQ(Order(), (std::deque<uint32_t>{2, 3}));
}

TEST_F(CClientQueueTest, ALongOneIsLookedThroughForSeveralWhoCome) {
  constexpr uint32_t kMany = 3000;
  for (uint32_t i = 0; i < kMany; ++i) Wait(i).Reset();
  EXPECT_FALSE(m_queue.Fits(kMany - 1));
  EXPECT_FALSE(m_queue.Fits(kMany - 1));
  EXPECT_TRUE(m_queue.Fits(kMany - 1));
  EXPECT_TRUE(m_queue.IsEmpty());
}

}  // namespace
}  // namespace switchboard
