#include "net/role/CTimers.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace switchboard {
namespace {

using std::chrono::milliseconds;

class CTimersTest : public testing::Test {
 protected:
  static constexpr milliseconds kOnce{0};

  CTimers::Job Writes(char letter) {
    return [this, letter] { m_ran += letter; };
  }
  // Runs what is due after `ms`, and returns what ran.
  std::string RunAt(int ms) {
    m_ran.clear();
    for (const CTimers::Job& job : m_timers.TakeDue(m_start + milliseconds(ms))) job();
    return m_ran;
  }

  const MonotonicTime m_start = MonotonicTime(std::chrono::hours(1000));
  CTimers m_timers;
  std::string m_ran;
};

TEST_F(CTimersTest, RunsOnceAtItsTime) {
  EXPECT_EQ(m_timers.Next(), std::nullopt);
  const TimerId id = m_timers.Add(m_start, milliseconds(10), kOnce, Writes('a'));
  EXPECT_NE(id, 0U);
  EXPECT_EQ(m_timers.Next(), m_start + milliseconds(10));
  EXPECT_EQ(RunAt(9), "");
  EXPECT_EQ(RunAt(10), "a");
  EXPECT_EQ(RunAt(1000), "");
  EXPECT_EQ(m_timers.Next(), std::nullopt);
  EXPECT_FALSE(m_timers.Cancel(id)) << "it has run for the last time";
}

TEST_F(CTimersTest, RunsInTheOrderOfTheirTimes) {
  m_timers.Add(m_start, milliseconds(30), kOnce, Writes('c'));
  m_timers.Add(m_start, milliseconds(10), kOnce, Writes('a'));
  m_timers.Add(m_start, milliseconds(20), kOnce, Writes('b'));
  EXPECT_EQ(RunAt(100), "abc");
}

TEST_F(CTimersTest, RunsThatHaveNotBegunDoNotPileUp) {
  m_timers.Add(m_start, milliseconds(10), milliseconds(10), Writes('p'));
  std::vector<CTimers::Job> waiting = m_timers.TakeDue(m_start + milliseconds(10));
  ASSERT_EQ(waiting.size(), 1U);
  for (int ms = 20; ms <= 1000; ms += 10) EXPECT_TRUE(m_timers.TakeDue(m_start + milliseconds(ms)).empty());
  waiting.front()();
  EXPECT_EQ(m_ran, "p");
  EXPECT_EQ(RunAt(1010), "p");
}

TEST_F(CTimersTest, APeriodicOneKeepsItsBeat) {
  m_timers.Add(m_start, milliseconds(10), milliseconds(100), Writes('p'));
  EXPECT_EQ(RunAt(10), "p");
  EXPECT_EQ(m_timers.Next(), m_start + milliseconds(110));
  EXPECT_EQ(RunAt(115), "p");
  EXPECT_EQ(m_timers.Next(), m_start + milliseconds(210)) << "lateness doesn't add up";
}

TEST_F(CTimersTest, MissedRunsAreNotMadeUpFor) {
  m_timers.Add(m_start, milliseconds(10), milliseconds(10), Writes('p'));
  EXPECT_EQ(RunAt(1000), "p");
  EXPECT_EQ(RunAt(1000), "");
  EXPECT_EQ(RunAt(1001), "p");
}

TEST_F(CTimersTest, ACancelledOneIsGoneAtOnce) {
  const TimerId once = m_timers.Add(m_start, milliseconds(10), kOnce, Writes('a'));
  const TimerId periodic = m_timers.Add(m_start, milliseconds(10), milliseconds(10), Writes('p'));
  EXPECT_TRUE(m_timers.Cancel(once));
  EXPECT_FALSE(m_timers.Cancel(once));
  EXPECT_EQ(RunAt(10), "p");
  EXPECT_TRUE(m_timers.Cancel(periodic));
  EXPECT_EQ(RunAt(1000), "");
  EXPECT_EQ(m_timers.Next(), std::nullopt) << "nothing is left to wake up for";
  EXPECT_FALSE(m_timers.Cancel(0));
  EXPECT_FALSE(m_timers.Cancel(12345));
}

TEST_F(CTimersTest, ATimeThatHasComeRunsAtTheNextLook) {
  m_timers.Add(m_start, milliseconds(0), kOnce, Writes('a'));
  EXPECT_EQ(RunAt(0), "a");
}

// Calls when the last copy of a job that owns it dies.
class CGuard {
 public:
  explicit CGuard(std::function<void()> atEnd) : m_atEnd(std::move(atEnd)) {}
  ~CGuard() { m_atEnd(); }
  CGuard(const CGuard&) = delete;
  CGuard& operator=(const CGuard&) = delete;

 private:
  const std::function<void()> m_atEnd;
};

TEST_F(CTimersTest, WhatAJobOwnsDiesOutsideOfTheLock) {
  const TimerId other = m_timers.Add(m_start, milliseconds(50), kOnce, Writes('o'));
  bool isOtherCancelled = false;
  const auto owner = [&](TimerId id) {
    auto p_guard = std::make_shared<CGuard>([&, id] { isOtherCancelled |= m_timers.Cancel(id); });
    return [p_guard] {};
  };
  EXPECT_TRUE(m_timers.Cancel(m_timers.Add(m_start, milliseconds(10), kOnce, owner(other))));
  EXPECT_TRUE(std::exchange(isOtherCancelled, false));
  m_timers.Add(m_start, milliseconds(10), kOnce, owner(m_timers.Add(m_start, milliseconds(50), kOnce, Writes('o'))));
  EXPECT_EQ(RunAt(10), "");
  EXPECT_TRUE(std::exchange(isOtherCancelled, false));
  m_timers.Add(m_start, milliseconds(10), milliseconds(10), owner(12345));
  m_timers.Clear();
  EXPECT_EQ(m_timers.Next(), std::nullopt);
}

TEST_F(CTimersTest, AJobMayCancelItself) {
  TimerId id = 0;
  auto p_alive = std::make_shared<int>(7);
  id = m_timers.Add(m_start, milliseconds(10), milliseconds(10), [&, p_alive] {
    EXPECT_TRUE(m_timers.Cancel(id));
    m_ran += *p_alive == 7 ? 'a' : 'x';
  });
  EXPECT_EQ(RunAt(10), "a");
  EXPECT_EQ(RunAt(1000), "");
  EXPECT_EQ(p_alive.use_count(), 1);
}

TEST_F(CTimersTest, TheFarthestTimeNeverComesAndANegativeOneIsRefused) {
  m_timers.Add(m_start, milliseconds::max(), milliseconds::max(), Writes('a'));
  EXPECT_EQ(RunAt(1'000'000'000), "");
  EXPECT_GT(*m_timers.Next(), m_start + std::chrono::hours(24 * 365));
  EXPECT_THROW(m_timers.Add(m_start, milliseconds(-1), kOnce, Writes('a')), std::invalid_argument);
  EXPECT_THROW(m_timers.Add(m_start, milliseconds(1), milliseconds(-1), Writes('a')), std::invalid_argument);
}

}  // namespace
}  // namespace switchboard
