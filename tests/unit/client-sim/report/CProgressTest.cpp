#include "client-sim/report/CProgress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "testing/CFakeClock.h"

namespace switchboard::sim {
namespace {

using std::chrono::milliseconds;

class CProgressTest : public testing::Test {
 protected:
  SLiveOutput Terminal(size_t columns) {
    return {[this](std::string_view text) { return Take(text); }, [columns] { return columns; }};
  }
  SLiveOutput File() {
    return {[this](std::string_view text) { return Take(text); }, nullptr};
  }
  bool Take(std::string_view text) {
    m_printed += text;
    return true;
  }

  CFakeClock m_clock;
  std::string m_printed;
};

TEST_F(CProgressTest, OnATerminalABarIsRedrawnInPlaceAndCleared) {
  CProgress progress(Terminal(120), m_clock);
  progress.Begin("data", 0, 4'000'000);
  progress.Update(1'000'000);
  EXPECT_EQ(m_printed, "") << "not so soon";
  m_clock.Advance(milliseconds(1000));
  progress.Update(1'000'000);
  EXPECT_TRUE(m_printed.starts_with("\r\x1b[2K━")) << m_printed;
  EXPECT_EQ(m_printed.find('\n'), std::string::npos);
  EXPECT_NE(m_printed.find("data  25 %  1,000,000 of 4,000,000  1.00 MB/s  3 s left"), std::string::npos) << m_printed;
  m_printed.clear();
  progress.End();
  EXPECT_EQ(m_printed, "\r\x1b[2K");
  progress.End();
  EXPECT_EQ(m_printed, "\r\x1b[2K") << "there is nothing to clear any more";
}

TEST_F(CProgressTest, ANarrowTerminalGetsWhatFits) {
  CProgress progress(Terminal(20), m_clock);
  progress.Begin("data", 0, 100);
  m_clock.Advance(milliseconds(1000));
  progress.Update(50);
  EXPECT_EQ(m_printed, "\r\x1b[2Kdata  50 %  50 of 1");
}

TEST_F(CProgressTest, ElsewhereALineASecond) {
  CProgress progress(File(), m_clock);
  progress.Begin("data", 0, 100);
  for (uint64_t have = 1; have <= 25; ++have) {
    m_clock.Advance(milliseconds(100));
    progress.Update(have);
  }
  EXPECT_EQ(std::count(m_printed.begin(), m_printed.end(), '\n'), 2);
  EXPECT_EQ(m_printed.find('\r'), std::string::npos);
  EXPECT_EQ(m_printed.find('\x1b'), std::string::npos);
  progress.End();
  EXPECT_EQ(std::count(m_printed.begin(), m_printed.end(), '\n'), 2);
}

TEST_F(CProgressTest, TheRateIsOfWhatThisRunMoved) {
  CProgress progress(File(), m_clock);
  progress.Begin("data", 900'000, 1'000'000);
  m_clock.Advance(milliseconds(2000));
  progress.Update(920'000);
  EXPECT_NE(m_printed.find("92 %  920,000 of 1,000,000  10.0 kB/s"), std::string::npos) << m_printed;
  progress.Begin("verifying data", 0, 0);
  m_clock.Advance(milliseconds(1000));
  m_printed.clear();
  progress.Update(0);
  EXPECT_NE(m_printed.find("100 %"), std::string::npos) << "nothing is all of nothing";
  EXPECT_DOUBLE_EQ(progress.Seconds(), 3.0);
}

TEST(ByteRateTextTest, HasThreeDigits) {
  EXPECT_EQ(ByteRateText(0), "0 B/s");
  EXPECT_EQ(ByteRateText(999), "999 B/s");
  EXPECT_EQ(ByteRateText(1000), "1.00 kB/s");
  EXPECT_EQ(ByteRateText(12'345), "12.3 kB/s");
  EXPECT_EQ(ByteRateText(999'900), "1.00 MB/s");
  EXPECT_EQ(ByteRateText(1.2e9), "1.20 GB/s");
}

}  // namespace
}  // namespace switchboard::sim
