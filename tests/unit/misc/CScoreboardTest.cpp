#include "misc/CScoreboard.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <system_error>

namespace switchboard {
namespace {

namespace fs = std::filesystem;

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

class CScoreboardTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "switchboard-scoreboard-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    m_directory = name;
  }
  void TearDown() override { fs::remove_all(m_directory); }

  std::string Path(const std::string& name = "scoreboard") const { return (m_directory / name).string(); }
  // Overwrites one byte of the file.
  void Spoil(std::streamoff offset) const {
    std::fstream file(Path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(offset);
    const int before = file.get();
    file.seekp(offset);
    file.put(static_cast<char>(before ^ 1));
  }

  fs::path m_directory;
};

TEST_F(CScoreboardTest, BeginsAtZero) {
  const CScoreboard scoreboard("", 3);
  EXPECT_EQ(scoreboard.Pages(), 3U);
  EXPECT_EQ(scoreboard.Sum(), CounterTotals{});
  EXPECT_EQ(scoreboard.ConnectionsActive(), 0U);
  EXPECT_EQ(scoreboard.Page(2).pid, 0);
}

TEST_F(CScoreboardTest, SumsEveryBlockOfEveryPage) {
  CScoreboard scoreboard("", 2);
  for (uint32_t slot = 0; slot < 2; ++slot) {
    SWorkerPage& page = scoreboard.Page(slot);
    page.io.Add(ECounter::kPacketsReplied);
    page.send.Add(ECounter::kPacketsReplied);
    page.recycle.Add(ECounter::kPacketsReplied);
    page.heart.Add(ECounter::kPacketsReplied);
    page.shared.AddShared(ECounter::kPacketsReplied);
    for (CCounters& block : page.work) block.Add(ECounter::kPacketsReplied);
    page.work.back().Add(CounterOf(ERejectReason::kQuarantined), 5);
    page.connectionsActive = 7;
  }
  EXPECT_EQ(Of(scoreboard.Page(0).Sum(), ECounter::kPacketsReplied), SWorkerPage::kBlocks);
  EXPECT_EQ(Of(scoreboard.Sum(), ECounter::kPacketsReplied), 2 * SWorkerPage::kBlocks);
  EXPECT_EQ(Of(scoreboard.Sum(), CounterOf(ERejectReason::kQuarantined)), 10U);
  EXPECT_EQ(scoreboard.ConnectionsActive(), 14U);
}

TEST_F(CScoreboardTest, AnotherMappingAndAnotherProcessSeeTheCounts) {
  CScoreboard scoreboard(Path(), 2);
  const auto p_reader = CScoreboard::OpenExisting(Path());
  ASSERT_NE(p_reader, nullptr);
  EXPECT_EQ(p_reader->Pages(), 2U);

  const pid_t child = ::fork();
  if (child == 0) {
    scoreboard.Page(1).io.Add(ECounter::kReceives, 42);
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(Of(scoreboard.Sum(), ECounter::kReceives), 42U);
  EXPECT_EQ(Of(p_reader->Sum(), ECounter::kReceives), 42U);
  EXPECT_EQ(Of(p_reader->Page(0).Sum(), ECounter::kReceives), 0U);
}

TEST_F(CScoreboardTest, AnAnonymousOneIsSharedWithAFork) {
  CScoreboard scoreboard("", 1);
  const pid_t child = ::fork();
  if (child == 0) {
    scoreboard.Page(0).io.Add(ECounter::kReceives);
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(Of(scoreboard.Sum(), ECounter::kReceives), 1U);
}

TEST_F(CScoreboardTest, AFreePageIsTheFirstThatNobodyOwns) {
  CScoreboard scoreboard("", 2);
  EXPECT_EQ(scoreboard.FreePage(), 0U);
  scoreboard.Page(0).pid = 4711;
  EXPECT_EQ(scoreboard.FreePage(), 1U);
  scoreboard.Page(1).pid = 4712;
  scoreboard.Page(0).io.Add(ECounter::kReceives, 42);
  scoreboard.Page(0).pid = 0;
  EXPECT_EQ(scoreboard.FreePage(), 0U);
  EXPECT_EQ(Of(scoreboard.Sum(), ECounter::kReceives), 42U) << "what the dead have counted stays";
}

TEST_F(CScoreboardTest, ItGrowsUnderEverybodysFeet) {
  for (const std::string& path : {std::string(), Path()}) {
    CScoreboard scoreboard(path, 1);
    const auto p_reader = path.empty() ? nullptr : CScoreboard::OpenExisting(path);
    SWorkerPage& first = scoreboard.Page(0);
    first.pid = 4711;
    const uint32_t page = scoreboard.FreePage();
    EXPECT_EQ(page, 1U);
    EXPECT_EQ(scoreboard.Pages(), 2U);
    EXPECT_EQ(&scoreboard.Page(0), &first);
    const pid_t child = ::fork();
    if (child == 0) {
      scoreboard.Page(page).io.Add(ECounter::kReceives, 42);
      ::_exit(0);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(Of(scoreboard.Sum(), ECounter::kReceives), 42U);
    if (p_reader == nullptr) continue;
    EXPECT_EQ(p_reader->Pages(), 2U);
    EXPECT_EQ(Of(p_reader->Sum(), ECounter::kReceives), 42U);
    EXPECT_EQ(CScoreboard::OpenExisting(path)->Pages(), 2U);
  }
}

TEST_F(CScoreboardTest, ItHasABound) {
  CScoreboard scoreboard("", 1);
  EXPECT_THROW(scoreboard.Grow(CScoreboard::kMaxPages + 1), std::system_error);
  EXPECT_EQ(scoreboard.Pages(), 1U);
}

TEST_F(CScoreboardTest, ANewOneReplacesTheFileAndOldReadersKeepTheirs) {
  CScoreboard first(Path(), 1);
  first.Page(0).io.Add(ECounter::kReceives);
  const auto p_reader = CScoreboard::OpenExisting(Path());
  const CScoreboard second(Path(), 2);
  EXPECT_EQ(Of(p_reader->Sum(), ECounter::kReceives), 1U);
  EXPECT_EQ(CScoreboard::OpenExisting(Path())->Pages(), 2U);
  EXPECT_EQ(std::distance(fs::directory_iterator(m_directory), fs::directory_iterator()), 1);
}

TEST_F(CScoreboardTest, ALinkIsReplacedAndNotFollowed) {
  std::ofstream(Path("victim")) << "precious";
  fs::create_symlink(Path("victim"), Path());
  const CScoreboard scoreboard(Path(), 1);
  EXPECT_FALSE(fs::is_symlink(Path()));
  EXPECT_EQ(fs::file_size(Path("victim")), 8U);

  fs::create_symlink(Path(), Path("link"));
  EXPECT_EQ(CScoreboard::OpenExisting(Path("link")), nullptr);
}

TEST_F(CScoreboardTest, TheFileHasItsSpaceReserved) {
  const CScoreboard scoreboard(Path(), 4);
  struct stat status = {};
  ASSERT_EQ(::stat(Path().c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, status.st_size);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
}

TEST_F(CScoreboardTest, CreationThatFailsThrowsAndLeavesNothing) {
  EXPECT_THROW(CScoreboard("/nowhere/scoreboard", 1), std::system_error);
  fs::create_directory(Path());
  EXPECT_THROW(CScoreboard(Path(), 1), std::system_error);
  EXPECT_EQ(std::distance(fs::directory_iterator(m_directory), fs::directory_iterator()), 1);
}

TEST_F(CScoreboardTest, RefusesWhatIsNotOfItsLayout) {
  EXPECT_EQ(CScoreboard::OpenExisting(Path()), nullptr) << "no file";
  EXPECT_EQ(CScoreboard::OpenExisting(m_directory.string()), nullptr) << "a directory";
  std::ofstream(Path()) << "";
  EXPECT_EQ(CScoreboard::OpenExisting(Path()), nullptr) << "an empty file";

  // magic, version, counter count, page size, pages
  for (const std::streamoff offset : {0, 8, 12, 16, 20}) {
    const CScoreboard scoreboard(Path(), 2);
    ASSERT_NE(CScoreboard::OpenExisting(Path()), nullptr);
    Spoil(offset);
    EXPECT_EQ(CScoreboard::OpenExisting(Path()), nullptr) << "byte " << offset;
  }

  const CScoreboard scoreboard(Path(), 2);
  fs::resize_file(Path(), fs::file_size(Path()) - 1);
  EXPECT_EQ(CScoreboard::OpenExisting(Path()), nullptr) << "cut";
}

TEST_F(CScoreboardTest, WriteOffClosesTheBooksOfADeadWorker) {
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

  scoreboard.WriteOff(0);
  const CounterTotals totals = page.Sum();
  ExpectBalanced(totals);
  EXPECT_EQ(Of(totals, CounterOf(ECloseReason::kWorkerLost)), 6U);
  EXPECT_EQ(Of(totals, ECounter::kPacketsDiscarded), 13U);
  EXPECT_EQ(Of(totals, ECounter::kConnectionsAccepted), 10U);
  EXPECT_EQ(page.pid, 0);
  EXPECT_EQ(page.connectionsActive, 0U);
  EXPECT_EQ(scoreboard.Page(1).pid, 4712);
  EXPECT_EQ(scoreboard.ConnectionsActive(), 1U);

  scoreboard.WriteOff(0);
  EXPECT_EQ(page.Sum(), totals) << "a second time changes nothing";
}

TEST_F(CScoreboardTest, WriteOffTrustsTheSumsWhereTheGaugeDisagrees) {
  CScoreboard scoreboard("", 1);
  SWorkerPage& page = scoreboard.Page(0);
  page.io.Add(ECounter::kConnectionsAccepted, 5);
  page.recycle.Add(CounterOf(ECloseReason::kPeerReset), 5);
  page.connectionsActive = 1;  // killed between the close and the gauge
  scoreboard.WriteOff(0);
  ExpectBalanced(page.Sum());
  EXPECT_EQ(Of(page.Sum(), CounterOf(ECloseReason::kWorkerLost)), 0U);
}

TEST_F(CScoreboardTest, WriteOffRaisesTheBeginningsThatWereNotCountedYet) {
  CScoreboard scoreboard("", 1);
  SWorkerPage& page = scoreboard.Page(0);
  page.recycle.Add(CounterOf(ECloseReason::kBadCrc), 1);
  page.work[0].Add(ECounter::kPacketsReplied, 3);
  page.work[0].Add(ECounter::kPacketsLeft, 3);
  scoreboard.WriteOff(0);
  ExpectBalanced(page.Sum());
  EXPECT_EQ(Of(page.Sum(), ECounter::kPacketsAccepted), 3U);
  EXPECT_EQ(Of(page.Sum(), ECounter::kConnectionsAccepted), 1U);
}

TEST_F(CScoreboardTest, NamesAreUniqueSnakeCase) {
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
  for (uint16_t i = 0; i < kCounterCount; ++i) {
    const std::string name = CounterName(static_cast<ECounter>(i));
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

}  // namespace
}  // namespace switchboard
