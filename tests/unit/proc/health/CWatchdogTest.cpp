#include "proc/health/CWatchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "misc/count/CTrace.h"
#include "net/conn/CConnection.h"
#include "net/wire/CFrameEncoder.h"
#include "testing/CFakeClock.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using EKind = SWatchdogOrder::EKind;

constexpr pid_t kPid = 4711;
constexpr milliseconds kLimit{16000};  // looked at every second

class CWatchdogTest : public testing::Test {
 protected:
  CWatchdogTest() {
    m_p_page->slot = 3;
    m_p_page->process = 8;
    m_watchdog.Watch(kPid, *m_p_page, {"sb-work-0", "sb-work-1"}, kLimit);
  }

  // Lets the time pass as the master does: it looks whenever the watchdog wants to. What was ordered meanwhile.
  std::vector<SWatchdogOrder> Pass(milliseconds time) {
    std::vector<SWatchdogOrder> orders;
    const MonotonicTime end = m_clock.Now() + time;
    for (auto next = m_watchdog.NextLook(); next && *next <= end; next = m_watchdog.NextLook()) {
      if (*next > m_clock.Now()) m_clock.Advance(*next - m_clock.Now());
      for (SWatchdogOrder& order : m_watchdog.Look()) orders.push_back(std::move(order));
    }
    m_clock.Advance(end - m_clock.Now());
    return orders;
  }

  static void BeginPacket(SThreadTrace& trace, uint16_t msgCode) {
    // Of a length that isn't known at compile time: gcc's AddressSanitizer warns of copies that no such frame gets.
    std::vector<std::byte> frame(kHeaderBytes);
    CFrameEncoder::WriteFrame(frame.data(), msgCode, {});
    std::array<uint64_t, 3> peer{};
    SPeer from;
    from.address.s6_addr[15] = 1;
    from.port = 5000;
    std::memcpy(peer.data(), &from, sizeof(from));
    CTrace note(trace);
    note.Begin();
    note.BeginSession(12, 7, peer);
    note.BeginPacket(frame);
  }

  CFakeClock m_clock;
  std::unique_ptr<SWorkerPage> m_p_page = std::make_unique<SWorkerPage>();
  CWatchdog m_watchdog{m_clock};
};

TEST_F(CWatchdogTest, IdleThreadsMayRestForEver) { EXPECT_THAT(Pass(std::chrono::hours(1)), IsEmpty()); }

TEST_F(CWatchdogTest, ThreadsThatMoveAreBusyAndNotStuck) {
  CTrace trace(m_p_page->ioTrace);
  for (int i = 0; i < 100; ++i) {
    trace.Begin();
    trace.Step();
    EXPECT_THAT(Pass(kLimit - milliseconds(2000)), IsEmpty());
    if (i % 2 == 0) trace.End();
  }
}

TEST_F(CWatchdogTest, AThreadTheWorkerCannotDoWithoutIsAbortedThenKilled) {
  for (SThreadTrace* p_trace :
       {&m_p_page->ioTrace, &m_p_page->sendTrace, &m_p_page->recycleTrace, &m_p_page->heartTrace}) {
    m_watchdog.Watch(kPid, *m_p_page, {"sb-work-0", "sb-work-1"}, kLimit);
    CTrace trace(*p_trace);
    trace.Begin();
    EXPECT_THAT(Pass(kLimit), IsEmpty());
    const auto orders = Pass(milliseconds(2000) + CWatchdog::kAbortGrace);
    ASSERT_THAT(orders, SizeIs(2));
    EXPECT_EQ(orders[0].kind, EKind::kAbort);
    EXPECT_EQ(orders[0].pid, kPid);
    EXPECT_EQ(orders[0].thread, 0U);
    EXPECT_THAT(orders[0].reason, HasSubstr("has not moved for 16 s"));
    EXPECT_EQ(orders[1].kind, EKind::kKill);
    EXPECT_THAT(Pass(kLimit * 3), IsEmpty());
    EXPECT_EQ(m_watchdog.NextLook(), std::nullopt);
    trace.End();
  }
}

TEST_F(CWatchdogTest, AnInlineHandlerThatHangsIsNamed) {
  BeginPacket(m_p_page->ioTrace, 9);
  const auto orders = Pass(kLimit + milliseconds(2000));
  ASSERT_FALSE(orders.empty());
  EXPECT_EQ(orders[0].kind, EKind::kAbort);
  EXPECT_EQ(orders[0].reason, "hangs: sb-io at msgCode 9 from [::1]:5000 (session 8:12:7) has not moved for 16 s");
  EXPECT_EQ(orders[0].thread, pthread_self());
}

TEST_F(CWatchdogTest, AStuckHandlerIsReportedOnceForEachPieceOfWork) {
  BeginPacket(m_p_page->workTrace[1], 9);
  const auto orders = Pass(kLimit * 5);
  ASSERT_THAT(orders, SizeIs(1));
  EXPECT_EQ(orders[0].kind, EKind::kReport);
  EXPECT_EQ(orders[0].reason, "has a stuck handler: sb-work-1 at msgCode 9 from [::1]:5000 (session 8:12:7) for 16 s");
  CTrace(m_p_page->workTrace[1]).End();
  EXPECT_THAT(Pass(kLimit * 5), IsEmpty());
  BeginPacket(m_p_page->workTrace[1], 10);
  EXPECT_THAT(Pass(kLimit * 5), SizeIs(1));
}

TEST_F(CWatchdogTest, WhenAllBusinessThreadsAreStuckTheWorkerIsReplaced) {
  BeginPacket(m_p_page->workTrace[1], 9);
  EXPECT_THAT(Pass(kLimit * 2), SizeIs(1));
  BeginPacket(m_p_page->workTrace[0], 10);
  const auto orders = Pass(kLimit + milliseconds(2000));
  ASSERT_GE(orders.size(), 2U);
  EXPECT_EQ(orders[0].kind, EKind::kReport);
  EXPECT_EQ(orders[1].kind, EKind::kAbort);
  EXPECT_THAT(orders[1].reason, HasSubstr("has no business thread left, the last one to get stuck is sb-work-0 at "
                                          "msgCode 10"));
}

TEST_F(CWatchdogTest, WhatIsSlowIsReportedOnceForEachPieceOfWork) {
  m_watchdog.Watch(kPid, *m_p_page, {"sb-work-0", "sb-work-1"}, kLimit, milliseconds(400));
  BeginPacket(m_p_page->ioTrace, 9);
  EXPECT_THAT(Pass(milliseconds(400)), IsEmpty());
  const auto orders = Pass(milliseconds(5000));
  ASSERT_THAT(orders, SizeIs(1));
  EXPECT_EQ(orders[0].kind, EKind::kSlow);
  EXPECT_EQ(orders[0].reason, "has a slow handler: sb-io at msgCode 9 from [::1]:5000 (session 8:12:7) for over 0.4 s");
  EXPECT_EQ(orders[0].what, 9U);
  CTrace trace(m_p_page->workTrace[0]);
  trace.BeginUserCode(EUserCode::kJob);
  trace.Begin();
  EXPECT_THAT(Pass(milliseconds(1000)), SizeIs(1));
}

TEST_F(CWatchdogTest, WithoutALimitWhatIsSlowIsReportedAllTheSame) {
  m_watchdog.Watch(kPid, *m_p_page, {"sb-work-0"}, milliseconds(0), milliseconds(400));
  BeginPacket(m_p_page->ioTrace, 9);
  EXPECT_THAT(Pass(std::chrono::hours(1)), SizeIs(1));
  m_watchdog.NoteStopped(kPid);
  EXPECT_EQ(m_watchdog.NextLook(), std::nullopt);
}

TEST_F(CWatchdogTest, TheThreadsOfAnEarlierWorkerDoNotCount) {
  // As it was left by one with three threads.
  CTrace(m_p_page->workTrace[2]).Begin();
  EXPECT_THAT(Pass(kLimit * 3), IsEmpty());
}

TEST_F(CWatchdogTest, AStoppedProcessIsReplacedOnTime) {
  Pass(milliseconds(300));
  m_watchdog.NoteStopped(kPid);
  EXPECT_THAT(Pass(kLimit - milliseconds(1)), IsEmpty());
  const auto orders = Pass(milliseconds(1));
  ASSERT_THAT(orders, SizeIs(1));
  EXPECT_EQ(orders[0].kind, EKind::kAbort);
  EXPECT_EQ(orders[0].reason, "has been stopped by a signal for 16 s");
  EXPECT_THAT(Pass(CWatchdog::kAbortGrace), SizeIs(1));
}

TEST_F(CWatchdogTest, AProcessThatContinuesInTimeLives) {
  BeginPacket(m_p_page->workTrace[0], 9);
  Pass(milliseconds(10000));
  m_watchdog.NoteStopped(kPid);
  Pass(milliseconds(10000));
  m_watchdog.NoteContinued(kPid);
  // The handler has had 10 s before, and begins anew.
  EXPECT_THAT(Pass(milliseconds(15000)), IsEmpty());
  EXPECT_THAT(Pass(milliseconds(3000)), SizeIs(1));
}

TEST_F(CWatchdogTest, AMasterThatDidNotRunItselfBlamesNobody) {
  CTrace trace(m_p_page->ioTrace);
  trace.Begin();
  Pass(milliseconds(3000));
  m_clock.Advance(kLimit * 10);  // the whole machine was frozen
  EXPECT_THAT(m_watchdog.Look(), IsEmpty());
  trace.Step();
  EXPECT_THAT(Pass(milliseconds(10000)), IsEmpty());
}

TEST_F(CWatchdogTest, ForgottenAndUnwatchedWorkersAreLeftAlone) {
  CTrace(m_p_page->ioTrace).Begin();
  m_watchdog.Forget(kPid);
  m_watchdog.NoteStopped(kPid);
  m_watchdog.NoteContinued(kPid);
  EXPECT_EQ(m_watchdog.NextLook(), std::nullopt);
  m_watchdog.Watch(kPid, *m_p_page, {"sb-work-0", "sb-work-1"}, milliseconds(0));
  EXPECT_EQ(m_watchdog.NextLook(), std::nullopt);
  EXPECT_THAT(m_watchdog.Look(), IsEmpty());
}

}  // namespace
}  // namespace switchboard
