#include "client-sim/base/CEventLoop.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "misc/thread/CWakeup.h"

namespace switchboard::sim {
namespace {

// Counts, and does what it is told to.
class CCounter final : public CEventHandler {
 public:
  void OnEvents(uint32_t) override {
    ++events;
    if (onEvents) onEvents();
  }
  void OnTime() override {
    ++times;
    if (onTime) onTime();
  }

  int events = 0;
  int times = 0;
  std::function<void()> onEvents;
  std::function<void()> onTime;
};

class CEventLoopTest : public testing::Test {
 protected:
  CClock m_clock;
  CEventLoop m_loop{m_clock};
  CCounter m_one;
  CCounter m_other;
};

TEST_F(CEventLoopTest, EventsReachTheirHandler) {
  CWakeup first;
  CWakeup second;
  m_loop.Add(first.Fd(), EPOLLIN, m_one);
  m_loop.Add(second.Fd(), EPOLLIN, m_other);
  second.Signal();
  m_loop.Turn();
  EXPECT_EQ(m_one.events, 0);
  EXPECT_EQ(m_other.events, 1);
}

TEST_F(CEventLoopTest, WhoIsForgottenIsToldNothingMore) {
  CWakeup first;
  CWakeup second;
  m_loop.Add(first.Fd(), EPOLLIN, m_one);
  m_loop.Add(second.Fd(), EPOLLIN, m_other);
  first.Signal();
  second.Signal();
  m_one.onEvents = [&] { m_loop.Forget(m_other); };
  m_other.onEvents = [&] { m_loop.Forget(m_one); };
  m_loop.Turn();
  EXPECT_EQ(m_one.events + m_other.events, 1) << "whoever came first has forgotten the other";
}

TEST_F(CEventLoopTest, TimesComeInTheirOrderAndNotBefore) {
  const MonotonicTime start = m_loop.Now();
  std::vector<int> order;
  m_one.onTime = [&] { order.push_back(1); };
  m_other.onTime = [&] { order.push_back(2); };
  m_loop.WakeAt(start + std::chrono::milliseconds(20), m_one);
  m_loop.WakeAt(start + std::chrono::milliseconds(10), m_other);
  m_loop.RunUntil(kNever, [&] { return order.size() == 2; });
  EXPECT_EQ(order, (std::vector{2, 1}));
  EXPECT_GE(m_loop.Now() - start, std::chrono::milliseconds(20));
}

TEST_F(CEventLoopTest, ATimeThatIsAskedForMeanwhileIsTheNextTurns) {
  m_one.onTime = [&] { m_loop.WakeAt(m_loop.Refresh() + Nanoseconds(1), m_one); };
  m_loop.WakeAt(m_loop.Now(), m_one);
  m_loop.Turn();
  EXPECT_EQ(m_one.times, 1);
  m_loop.Turn();
  EXPECT_EQ(m_one.times, 2);
}

TEST_F(CEventLoopTest, TheDeadlineEndsTheWait) {
  const MonotonicTime deadline = m_loop.Refresh() + std::chrono::milliseconds(5);
  m_loop.RunUntil(deadline, [] { return false; });
  EXPECT_GE(m_loop.Refresh(), deadline);
}

TEST_F(CEventLoopTest, ADescriptorIsModifiedAndRemoved) {
  CWakeup wakeup;
  wakeup.Signal();
  m_loop.Add(wakeup.Fd(), 0, m_one);
  m_loop.Turn(m_loop.Now());
  EXPECT_EQ(m_one.events, 0);
  m_loop.Modify(wakeup.Fd(), EPOLLIN, m_one);
  m_loop.Turn(m_loop.Now());
  EXPECT_EQ(m_one.events, 1);
  m_loop.Remove(wakeup.Fd());
  m_loop.Turn(m_loop.Now());
  EXPECT_EQ(m_one.events, 1);
}

}  // namespace
}  // namespace switchboard::sim
