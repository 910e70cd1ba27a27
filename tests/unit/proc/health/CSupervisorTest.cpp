#include "proc/health/CSupervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "misc/count/CTrace.h"
#include "net/wire/CFrameEncoder.h"
#include "testing/CFakeClock.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class CSupervisorTest : public testing::Test {
 protected:
  CSupervisorTest() {
    m_p_log = std::make_unique<CLog>((m_folder / "log").string(), ELogLevel::kDebug);
    m_p_supervisor =
        std::make_unique<CSupervisor>(*m_p_log, m_clock, *m_p_quarantine, m_folder,
                                      [this](pid_t pid, int signal) { m_kills.emplace_back(pid, signal); });
    m_config.server.watchdog = std::chrono::seconds(1);
  }

  // A worker gets ready, and dies by `signal` at `msgCode`.
  void Die(uint16_t msgCode, int signal) {
    m_p_supervisor->OnReady(++m_pid, *m_p_page, m_config);
    BeginPacket(m_p_page->workTrace[0], msgCode);
    m_p_page->faultThread = pthread_self();
    m_p_supervisor->OnEnd(m_pid, *m_p_page, signal, m_config);
  }
  static void BeginPacket(SThreadTrace& trace, uint16_t msgCode) {
    std::array<std::byte, kHeaderBytes> frame;
    CFrameEncoder::WriteFrame(frame.data(), msgCode, {});
    CTrace note(trace);
    note.Begin();
    note.BeginSession(1, 1, {});
    note.BeginPacket(frame);
  }
  void Pass(std::chrono::milliseconds time) {
    for (std::chrono::milliseconds passed{0}; passed < time; passed += std::chrono::milliseconds(10)) {
      m_clock.Advance(std::chrono::milliseconds(10));
      m_p_supervisor->HandleDeadlines();
    }
  }
  std::string Log() const {
    std::ostringstream text;
    text << std::ifstream(m_folder / "log").rdbuf();
    return text.str();
  }

  const CTemporaryFolder m_temporary;
  const fs::path m_folder = m_temporary.Path();
  CFakeClock m_clock;
  SConfig m_config;
  std::unique_ptr<CLog> m_p_log;
  std::unique_ptr<SWorkerPage> m_p_page = std::make_unique<SWorkerPage>();
  std::unique_ptr<CQuarantine> m_p_quarantine = std::make_unique<CQuarantine>();
  std::vector<std::pair<pid_t, int>> m_kills;
  pid_t m_pid = 100;
  std::unique_ptr<CSupervisor> m_p_supervisor;
};

TEST_F(CSupervisorTest, TheThirdDeathWithinAMinuteQuarantines) {
  Die(41, SIGSEGV);
  m_clock.Advance(std::chrono::seconds(30));
  Die(41, SIGABRT);
  Die(42, SIGSEGV);
  EXPECT_FALSE(m_p_quarantine->Has(41));
  m_clock.Advance(std::chrono::seconds(30));
  Die(41, SIGSEGV);
  EXPECT_TRUE(m_p_quarantine->Has(41));
  EXPECT_FALSE(m_p_quarantine->Has(42));
  EXPECT_THAT(Log(), HasSubstr("msgCode 41 has killed 3 workers within a minute and is quarantined"));
  m_p_supervisor->Forgive();
  EXPECT_FALSE(m_p_quarantine->Has(41));
  Die(41, SIGSEGV);
  EXPECT_FALSE(m_p_quarantine->Has(41));
}

TEST_F(CSupervisorTest, TheQuarantineIsForgivenInTime) {
  for (int i = 0; i < 3; ++i) Die(41, SIGSEGV);
  ASSERT_TRUE(m_p_supervisor->NextDeadline().has_value());
  EXPECT_EQ(*m_p_supervisor->NextDeadline(), m_clock.Now() + CSupervisor::kCrashSentence);
  m_clock.Advance(CSupervisor::kCrashSentence - std::chrono::seconds(1));
  m_p_supervisor->HandleDeadlines();
  EXPECT_TRUE(m_p_quarantine->Has(41));
  m_clock.Advance(std::chrono::seconds(1));
  m_p_supervisor->HandleDeadlines();
  EXPECT_FALSE(m_p_quarantine->Has(41));
  EXPECT_THAT(Log(), HasSubstr("msgCode 41 has left the quarantine"));
  EXPECT_EQ(m_p_supervisor->NextDeadline(), std::nullopt);
}

TEST_F(CSupervisorTest, SlowIsToldApartFromDeadlyAndForgivenSooner) {
  Die(41, SIGSEGV);
  Die(41, SIGSEGV);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(m_p_quarantine->Has(41));
    m_p_supervisor->OnReady(++m_pid, *m_p_page, m_config);
    BeginPacket(m_p_page->ioTrace, 41);
    Pass(std::chrono::milliseconds(1200));
    m_p_supervisor->OnEnd(m_pid, *m_p_page, SIGABRT, m_config);
  }
  EXPECT_TRUE(m_p_quarantine->Has(41));
  EXPECT_THAT(Log(), HasSubstr("msgCode 41 was too slow for the watchdog in 3 workers within a minute"));
  m_clock.Advance(CSupervisor::kHangSentence);
  m_p_supervisor->HandleDeadlines();
  EXPECT_FALSE(m_p_quarantine->Has(41));
}

TEST_F(CSupervisorTest, RareDeathsDoNotQuarantine) {
  for (int i = 0; i < 10; ++i) {
    Die(41, SIGSEGV);
    m_clock.Advance(std::chrono::seconds(31));
  }
  EXPECT_FALSE(m_p_quarantine->Has(41));
}

TEST_F(CSupervisorTest, KillsFromOutsideDoNotQuarantine) {
  for (int i = 0; i < 10; ++i) Die(41, SIGKILL);
  EXPECT_FALSE(m_p_quarantine->Has(41));
}

TEST_F(CSupervisorTest, TheQuarantineCanBeSwitchedOff) {
  m_config.server.quarantine = false;
  for (int i = 0; i < 10; ++i) Die(41, SIGSEGV);
  EXPECT_FALSE(m_p_quarantine->Has(41));
}

// Workers of two configurations live side by side from the beginning of a reload to the end of the last old worker.
TEST_F(CSupervisorTest, EachWorkerIsJudgedByTheConfigurationThatItRunsWith) {
  SConfig next = m_config;
  next.server.watchdog = std::chrono::seconds(10);
  next.server.quarantine = false;
  next.business.threads = 1;
  const auto p_nextPage = std::make_unique<SWorkerPage>();
  const pid_t newer = ++m_pid;
  m_p_supervisor->OnReady(newer, *p_nextPage, next);
  const pid_t older = ++m_pid;
  m_p_supervisor->OnReady(older, *m_p_page, m_config);
  BeginPacket(m_p_page->ioTrace, 41);
  BeginPacket(p_nextPage->ioTrace, 42);
  Pass(std::chrono::milliseconds(1200));
  EXPECT_THAT(m_kills, ElementsAre(Pair(older, SIGABRT), Pair(older, SIGCONT)));
  m_p_supervisor->OnEnd(older, *m_p_page, SIGABRT, m_config);
  m_p_supervisor->OnEnd(newer, *p_nextPage, SIGSEGV, next);

  for (int i = 0; i < 3; ++i) {
    m_p_supervisor->OnReady(newer, *p_nextPage, next);
    BeginPacket(p_nextPage->workTrace[0], 42);
    p_nextPage->faultThread = pthread_self();
    m_p_supervisor->OnEnd(newer, *p_nextPage, SIGSEGV, next);
    Die(43, SIGSEGV);
  }
  EXPECT_FALSE(m_p_quarantine->Has(42));
  EXPECT_TRUE(m_p_quarantine->Has(43));
}

TEST_F(CSupervisorTest, AHangingWorkerIsSignalledAndItsHandlerBlamed) {
  m_p_supervisor->OnReady(++m_pid, *m_p_page, m_config);
  BeginPacket(m_p_page->ioTrace, 41);
  Pass(std::chrono::milliseconds(1200));
  EXPECT_THAT(m_kills, ElementsAre(Pair(m_pid, SIGABRT), Pair(m_pid, SIGCONT)));
  EXPECT_EQ(m_p_page->faultThread, pthread_self());
  Pass(std::chrono::milliseconds(1000));
  EXPECT_THAT(m_kills, ElementsAre(Pair(m_pid, SIGABRT), Pair(m_pid, SIGCONT), Pair(m_pid, SIGKILL)));
  EXPECT_THAT(Log(), HasSubstr("[alert]"));
  m_p_supervisor->OnEnd(m_pid, *m_p_page, SIGABRT, m_config);
  EXPECT_THAT(Log(), HasSubstr("was killed by SIGABRT while handling msgCode 41"));
  EXPECT_EQ(m_p_supervisor->NextDeadline(), std::nullopt);
}

TEST_F(CSupervisorTest, AWorkerThatWasToldToStopIsLeftToItsDeadline) {
  m_p_supervisor->OnReady(++m_pid, *m_p_page, m_config);
  m_p_supervisor->OnToldToStop(m_pid);
  BeginPacket(m_p_page->ioTrace, 41);
  Pass(std::chrono::milliseconds(5000));
  EXPECT_THAT(m_kills, IsEmpty());
}

TEST_F(CSupervisorTest, ThePacketsOfTheDeadAreForgotten) {
  BeginPacket(m_p_page->workTrace[100], 41);
  m_p_supervisor->OnEnd(++m_pid, *m_p_page, 75 << 8, m_config);
  EXPECT_THAT(CInquest::PacketsIn(*m_p_page), IsEmpty());
  EXPECT_EQ(Log(), "");
}

}  // namespace
}  // namespace switchboard
