#include "proc/sys/CBackoff.h"

#include <gtest/gtest.h>

#include <chrono>

namespace switchboard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class CFakeClock : public CClock {
 public:
  MonotonicTime Now() const override { return m_now; }
  void Advance(milliseconds by) { m_now += by; }

 private:
  MonotonicTime m_now{};
};

milliseconds DieAfter(CFakeClock& clock, CBackoff& backoff, milliseconds life) {
  backoff.NoteStart();
  clock.Advance(life);
  return backoff.NoteEnd();
}

TEST(CBackoffTest, DelaysDoubleUpToTheLimit) {
  CFakeClock clock;
  CBackoff backoff(clock);
  for (const int expected : {0, 100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    EXPECT_EQ(DieAfter(clock, backoff, milliseconds(1)), milliseconds(expected));
  }
}

TEST(CBackoffTest, LongLifeIsReplacedAtOnce) {
  CFakeClock clock;
  CBackoff backoff(clock);
  for (int i = 0; i < 5; ++i) DieAfter(clock, backoff, milliseconds(1));
  EXPECT_EQ(DieAfter(clock, backoff, CBackoff::kStableLife), milliseconds(0));
  EXPECT_EQ(DieAfter(clock, backoff, milliseconds(1)), CBackoff::kFirstDelay);
  EXPECT_EQ(DieAfter(clock, backoff, CBackoff::kStableLife - milliseconds(1)), 2 * CBackoff::kFirstDelay);
}

}  // namespace
}  // namespace switchboard
