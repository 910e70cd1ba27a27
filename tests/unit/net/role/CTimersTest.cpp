#include "net/role/CTimers.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace switchboard
