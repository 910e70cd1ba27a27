#include "misc/CLimitedLog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "testing/CFakeClock.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

using EKind = CLimitedLog::SSubject::EKind;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class CLimitedLogTest : public testing::Test {
 protected:
  CLimitedLogTest() {
    m_p_log = std::make_unique<CLog>((m_folder.Path() / "log").string(), ELogLevel::kInfo);
    m_p_limited = std::make_unique<CLimitedLog>(*m_p_log, m_clock, [this] { ++m_wakeUps; });
  }

  void Write(uint32_t number, const std::string& text) {
    m_p_limited->Write(ELogLevel::kWarn, {EKind::kThrew, 0, number}, [&] { return text; });
  }
  std::string Log() const { return m_folder.Read("log"); }

  const CTemporaryFolder m_folder;
  CFakeClock m_clock;
  std::unique_ptr<CLog> m_p_log;
  std::unique_ptr<CLimitedLog> m_p_limited;
  int m_wakeUps = 0;
};

TEST_F(CLimitedLogTest, EachSubjectHasItsLine) {
  Write(1, "code 1 threw");
  Write(2, "code 2 threw");
  Write(3, "code 3 threw");
  EXPECT_THAT(Log(), HasSubstr("code 1 threw"));
  EXPECT_THAT(Log(), HasSubstr("code 2 threw"));
  EXPECT_THAT(Log(), HasSubstr("code 3 threw"));
  EXPECT_EQ(m_p_limited->NextFlush(), std::nullopt);
  EXPECT_EQ(m_wakeUps, 0);
}

TEST_F(CLimitedLogTest, ALogicHasNumbersOfItsOwn) {
  for (int i = 0; i < 3; ++i) m_p_limited->Warn(1, "disk {}", i);
  m_p_limited->Warn(2, "net");
  m_p_limited->FlushAll();
  EXPECT_THAT(Log(), HasSubstr("disk 0"));
  EXPECT_THAT(Log(), HasSubstr("2 more like it were held back: disk 0"));
  EXPECT_THAT(Log(), HasSubstr("net"));
}

TEST_F(CLimitedLogTest, CountsAreToldAfterASecondThoughNothingFollows) {
  const MonotonicTime begin = m_clock.Now();
  for (int i = 0; i < 3000; ++i) Write(1, "code 1 threw");
  EXPECT_THAT(Log(), Not(HasSubstr("held back")));
  EXPECT_EQ(m_wakeUps, 1);
  ASSERT_EQ(m_p_limited->NextFlush(), begin + milliseconds(1000));
  m_clock.Advance(milliseconds(999));
  m_p_limited->Flush(m_clock.Now());
  EXPECT_THAT(Log(), Not(HasSubstr("held back")));
  m_clock.Advance(milliseconds(1));
  m_p_limited->Flush(m_clock.Now());
  EXPECT_THAT(Log(), HasSubstr("2999 more like it were held back: code 1 threw"));
  EXPECT_EQ(m_p_limited->NextFlush(), std::nullopt);
}

TEST_F(CLimitedLogTest, CountsAreToldAtTheEnd) {
  Write(1, "one");
  Write(1, "one");
  m_p_limited->FlushAll();
  EXPECT_THAT(Log(), HasSubstr("1 more like it were held back: one"));
}

TEST_F(CLimitedLogTest, MoreSubjectsThanThereIsRoomForShareALine) {
  for (uint32_t i = 0; i < 5000; ++i) Write(i, "subject " + std::to_string(i) + ".");
  EXPECT_THAT(Log(), Not(HasSubstr("subject 300.")));
  m_clock.Advance(milliseconds(1000));
  m_p_limited->Flush(m_clock.Now());
  EXPECT_THAT(Log(), HasSubstr("more like it were held back: of several kinds"));
  Write(4999, "there is room again");
  EXPECT_THAT(Log(), HasSubstr("there is room again"));
}

TEST_F(CLimitedLogTest, AtTheLevelOfDebugNothingIsHeldBack) {
  m_p_log->SetLevel(ELogLevel::kDebug);
  for (int i = 0; i < 3; ++i) Write(1, "line " + std::to_string(i));
  EXPECT_THAT(Log(), HasSubstr("line 2"));
  m_p_log->SetLevel(ELogLevel::kError);
  Write(9, "too low");
  EXPECT_THAT(Log(), Not(HasSubstr("too low")));
}

}  // namespace
}  // namespace switchboard
