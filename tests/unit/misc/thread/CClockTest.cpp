#include "misc/thread/CClock.h"

#include <gtest/gtest.h>

namespace switchboard {
namespace {

class CHandClock : public CClock {
 public:
  MonotonicTime Now() const override { return m_now; }
  void Advance(std::chrono::milliseconds time) { m_now += time; }

 private:
  MonotonicTime m_now;
};

TEST(CClockTest, IsTheMonotonicClock) {
  const CClock clock;
  const MonotonicTime before = std::chrono::steady_clock::now();
  const MonotonicTime now = clock.Now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::chrono::steady_clock::now());
}

TEST(CClockTest, ATestPutsItsOwnInPlace) {
  CHandClock hand;
  const CClock& clock = hand;
  const MonotonicTime start = clock.Now();
  EXPECT_EQ(clock.Now(), start);
  hand.Advance(std::chrono::milliseconds(250));
  EXPECT_EQ(clock.Now() - start, std::chrono::milliseconds(250));
}

}  // namespace
}  // namespace switchboard
