#include "misc/count/CScoreboard.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <system_error>

namespace switchboard {

namespace {

// misc/ counts whatever others declare: here is what this test counts.
constexpr ECounter kReplies{0};
constexpr ECounter kReceives{1};
constexpr ECounter kLast{kCounterCount - 1};

namespace fs = std::filesystem;

uint64_t Of(const CounterTotals& totals, ECounter counter) { return totals[static_cast<size_t>(counter)]; }

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
    page.io.Add(kReplies);
    page.send.Add(kReplies);
    page.recycle.Add(kReplies);
    page.heart.Add(kReplies);
    page.shared.AddShared(kReplies);
    for (CCounters& block : page.work) block.Add(kReplies);
    page.work.back().Add(kLast, 5);
    page.connectionsActive = 7;
  }
  EXPECT_EQ(Of(scoreboard.Page(0).Sum(), kReplies), SWorkerPage::kBlocks);
  EXPECT_EQ(Of(scoreboard.Sum(), kReplies), 2 * SWorkerPage::kBlocks);
  EXPECT_EQ(Of(scoreboard.Sum(), kLast), 10U);
  EXPECT_EQ(scoreboard.ConnectionsActive(), 14U);
}

TEST_F(CScoreboardTest, AnotherMappingAndAnotherProcessSeeTheCounts) {
  CScoreboard scoreboard(Path(), 2);
  const auto p_reader = CScoreboard::OpenExisting(Path());
  ASSERT_NE(p_reader, nullptr);
  EXPECT_EQ(p_reader->Pages(), 2U);

  const pid_t child = ::fork();
  if (child == 0) {
    scoreboard.Page(1).io.Add(kReceives, 42);
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(Of(scoreboard.Sum(), kReceives), 42U);
  EXPECT_EQ(Of(p_reader->Sum(), kReceives), 42U);
  EXPECT_EQ(Of(p_reader->Page(0).Sum(), kReceives), 0U);
}

TEST_F(CScoreboardTest, AnAnonymousOneIsSharedWithAFork) {
  CScoreboard scoreboard("", 1);
  const pid_t child = ::fork();
  if (child == 0) {
    scoreboard.Page(0).io.Add(kReceives);
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(Of(scoreboard.Sum(), kReceives), 1U);
}

TEST_F(CScoreboardTest, AFreePageIsTheFirstThatNobodyOwns) {
  CScoreboard scoreboard("", 2);
  EXPECT_EQ(scoreboard.FreePage(), 0U);
  scoreboard.Page(0).pid = 4711;
  EXPECT_EQ(scoreboard.FreePage(), 1U);
  scoreboard.Page(1).pid = 4712;
  scoreboard.Page(0).io.Add(kReceives, 42);
  scoreboard.Page(0).pid = 0;
  EXPECT_EQ(scoreboard.FreePage(), 0U);
  EXPECT_EQ(Of(scoreboard.Sum(), kReceives), 42U) << "what the dead have counted stays";
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
      scoreboard.Page(page).io.Add(kReceives, 42);
      ::_exit(0);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(Of(scoreboard.Sum(), kReceives), 42U);
    if (p_reader == nullptr) continue;
    EXPECT_EQ(p_reader->Pages(), 2U);
    EXPECT_EQ(Of(p_reader->Sum(), kReceives), 42U);
    EXPECT_EQ(CScoreboard::OpenExisting(path)->Pages(), 2U);
  }
}

TEST_F(CScoreboardTest, AWorkerKeepsItsOwnPageAndNoWayToTheOthers) {
  CScoreboard scoreboard(Path(), 3);
  const auto can = [&scoreboard](const std::function<void()>& act) {
    const pid_t child = ::fork();
    if (child == 0) {
      // No sanitizer's report.
      ::signal(SIGSEGV, SIG_DFL);
      scoreboard.KeepOnly(1);
      act();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  };
  EXPECT_TRUE(can([&] { scoreboard.Page(1).io.Add(kReplies, 5); }));
  EXPECT_TRUE(can([&] { scoreboard.Page(1).faultThread.store(1); }));
  EXPECT_TRUE(can([&] { scoreboard.Quarantine().Has(7) ? ::_exit(1) : void(); }));
  EXPECT_TRUE(can([&] { scoreboard.Page(1).pid.load() == 0 ? void() : ::_exit(1); }));
  EXPECT_FALSE(can([&] { scoreboard.Page(1).pid.store(1); }));
  EXPECT_FALSE(can([&] { scoreboard.Quarantine().Add(7); }));
  EXPECT_FALSE(can([&] { scoreboard.Page(0).io.Add(kReplies); }));
  EXPECT_FALSE(can([&] { scoreboard.Page(2).io.Add(kReplies); }));
  // Nor by asking for the right to.
  EXPECT_FALSE(can([&] {
    constexpr int kBoth = PROT_READ | PROT_WRITE;
    if (::mprotect(&scoreboard.Page(1), SWorkerPage::kProtectedBytes, kBoth) != 0) ::_exit(1);
  }));
  EXPECT_EQ(Of(scoreboard.Sum(), kReplies), 5U);
}

TEST_F(CScoreboardTest, ItHasABound) {
  CScoreboard scoreboard("", 1);
  EXPECT_THROW(scoreboard.Grow(CScoreboard::kMaxPages + 1), std::system_error);
  EXPECT_EQ(scoreboard.Pages(), 1U);
}

TEST_F(CScoreboardTest, ANewOneReplacesTheFileAndOldReadersKeepTheirs) {
  CScoreboard first(Path(), 1);
  first.Page(0).io.Add(kReceives);
  const auto p_reader = CScoreboard::OpenExisting(Path());
  const CScoreboard second(Path(), 2);
  EXPECT_EQ(Of(p_reader->Sum(), kReceives), 1U);
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

}  // namespace
}  // namespace switchboard
