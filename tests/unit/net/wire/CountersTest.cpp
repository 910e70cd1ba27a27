#include "net/wire/Counters.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace switchboard {
namespace {

uint64_t Of(const CounterTotals& totals, ECounter counter) { return totals[static_cast<size_t>(counter)]; }

template <class TReason>
uint64_t SumOver(const CounterTotals& totals) {
  uint64_t sum = 0;
  for (uint16_t i = 0; i < static_cast<uint16_t>(TReason::kCount); ++i) {
    sum += Of(totals, CounterOf(static_cast<TReason>(i)));
  }
  return sum;
}

// The two identities of a worker that is gone.
void ExpectBalanced(const CounterTotals& totals) {
  EXPECT_EQ(Of(totals, ECounter::kConnectionsAccepted), SumOver<ECloseReason>(totals));
  EXPECT_EQ(Of(totals, ECounter::kPacketsAccepted),
            Of(totals, ECounter::kPacketsReplied) + Of(totals, ECounter::kPacketsOneWay) +
                Of(totals, ECounter::kPacketsDiscarded) + SumOver<ERejectReason>(totals));
  EXPECT_EQ(Of(totals, ECounter::kPacketsEntered), Of(totals, ECounter::kPacketsLeft));
}

TEST(CountersTest, WriteOffClosesTheBooksOfADeadWorker) {
  CScoreboard scoreboard("", 2);
  SWorkerPage& page = scoreboard.Page(0);
  page.pid = 4711;
  page.connectionsActive = 6;
  page.io.Add(ECounter::kConnectionsAccepted, 10);
  page.recycle.Add(CounterOf(ECloseReason::kPeerClosed), 3);
  page.recycle.Add(CounterOf(ECloseReason::kFlood), 1);
  page.io.Add(ECounter::kPacketsAccepted, 100);
  page.io.Add(ECounter::kPacketsEntered, 100);
  page.work[0].Add(ECounter::kPacketsReplied, 80);
  page.work[1].Add(CounterOf(ERejectReason::kHandlerThrew), 5);
  page.work[1].Add(ECounter::kPacketsOneWay, 2);
  page.work[1].Add(ECounter::kPacketsLeft, 87);
  scoreboard.Page(1).pid = 4712;
  scoreboard.Page(1).connectionsActive = 1;

  WriteOff(page);
  const CounterTotals totals = page.Sum();
  ExpectBalanced(totals);
  EXPECT_EQ(Of(totals, CounterOf(ECloseReason::kWorkerLost)), 6U);
  EXPECT_EQ(Of(totals, ECounter::kPacketsDiscarded), 13U);
  EXPECT_EQ(Of(totals, ECounter::kConnectionsAccepted), 10U);
  EXPECT_EQ(page.pid, 0);
  EXPECT_EQ(page.connectionsActive, 0U);
  EXPECT_EQ(scoreboard.Page(1).pid, 4712);
  EXPECT_EQ(scoreboard.ConnectionsActive(), 1U);

  WriteOff(page);
  EXPECT_EQ(page.Sum(), totals) << "a second time changes nothing";
}

TEST(CountersTest, WriteOffTrustsTheSumsWhereTheGaugeDisagrees) {
  CScoreboard scoreboard("", 1);
  SWorkerPage& page = scoreboard.Page(0);
  page.io.Add(ECounter::kConnectionsAccepted, 5);
  page.recycle.Add(CounterOf(ECloseReason::kPeerReset), 5);
  page.connectionsActive = 1;  // killed between the close and the gauge
  WriteOff(page);
  ExpectBalanced(page.Sum());
  EXPECT_EQ(Of(page.Sum(), CounterOf(ECloseReason::kWorkerLost)), 0U);
}

TEST(CountersTest, WriteOffRaisesTheBeginningsThatWereNotCountedYet) {
  CScoreboard scoreboard("", 1);
  SWorkerPage& page = scoreboard.Page(0);
  page.recycle.Add(CounterOf(ECloseReason::kBadCrc), 1);
  page.work[0].Add(ECounter::kPacketsReplied, 3);
  page.work[0].Add(ECounter::kPacketsLeft, 3);
  WriteOff(page);
  ExpectBalanced(page.Sum());
  EXPECT_EQ(Of(page.Sum(), ECounter::kPacketsAccepted), 3U);
  EXPECT_EQ(Of(page.Sum(), ECounter::kConnectionsAccepted), 1U);
}

TEST(CountersTest, NamesAreUniqueSnakeCase) {
  EXPECT_EQ(ToString(ECloseReason::kPeerClosed), "peer_closed");
  EXPECT_EQ(ToString(ECloseReason::kBadLength), "bad_length");
  EXPECT_EQ(ToString(ECloseReason::kSendQueueOverflow), "send_queue_overflow");
  EXPECT_EQ(ToString(ECloseReason::kWorkerLost), "worker_lost");
  EXPECT_EQ(ToString(ERejectReason::kBadCrc), "bad_crc");
  EXPECT_EQ(ToString(ERejectReason::kQuarantined), "quarantined");
  EXPECT_EQ(CounterName(ECounter::kConnectionsAccepted), "connections_accepted");
  EXPECT_EQ(CounterName(ECounter::kPacketsOneWay), "packets_one_way");
  EXPECT_EQ(CounterName(ECounter::kStaleSessions), "stale_sessions");
  EXPECT_EQ(CounterName(CounterOf(ECloseReason::kHeartbeat)), "closed_heartbeat");
  EXPECT_EQ(CounterName(CounterOf(ERejectReason::kOverload)), "rejected_overload");

  std::set<std::string> names;
  for (uint16_t i = 0; i < kCountersInUse; ++i) {
    const std::string name = CounterName(static_cast<ECounter>(i));
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(CountersTest, NamesOfTheFrameworkAreKnown) {
  for (const char* p_name : {"sends", "stale_sessions", "closed_flood", "closed_x", "rejected_x", "packets_in_flight",
                             "connections_active", "worker_0", "master"}) {
    EXPECT_TRUE(IsFrameworkCounter(p_name)) << p_name;
  }
  EXPECT_FALSE(IsFrameworkCounter("samples"));
}

}  // namespace
}  // namespace switchboard
