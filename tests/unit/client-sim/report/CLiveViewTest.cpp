#include "client-sim/report/CLiveView.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace switchboard::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

class CLiveViewTest : public testing::Test {
 protected:
  CLiveView View(size_t columns) {
    SLiveOutput output{[this](std::string_view text) {
                         if (m_isTaken) m_printed += text;
                         return m_isTaken;
                       },
                       nullptr};
    if (columns != 0) output.columns = [columns] { return columns; };
    return CLiveView(output);
  }
  static SSecond Second(double at) {
    SSecond second;
    second.at = at;
    second.length = 1;
    second.replies = 12345;
    second.connections = 64;
    second.p50Ns = 341'000;
    return second;
  }
  size_t Lines() const { return static_cast<size_t>(std::count(m_printed.begin(), m_printed.end(), '\n')); }

  CLedger m_totals;
  std::string m_printed;
  bool m_isTaken = true;
};

TEST_F(CLiveViewTest, ATerminalIsRedrawnInPlace) {
  CLiveView view = View(100);
  view.OnPhaseBegin(EPhaseKind::kLoad, "load", 0, std::chrono::seconds(10));
  view.OnSecond(Second(1), m_totals);
  EXPECT_THAT(m_printed, Not(HasSubstr("\x1b[4A")));
  EXPECT_THAT(m_printed, HasSubstr("1 s of 10 s"));
  EXPECT_THAT(m_printed, HasSubstr("9 s left"));
  EXPECT_THAT(m_printed, HasSubstr("12,345/s"));
  EXPECT_THAT(m_printed, HasSubstr("p50 341 µs"));
  EXPECT_THAT(m_printed, HasSubstr("faults 0"));
  EXPECT_EQ(Lines(), 4u);
  m_printed.clear();
  view.OnSecond(Second(2), m_totals);
  EXPECT_THAT(m_printed, testing::StartsWith("\x1b[4A"));
  EXPECT_THAT(m_printed, HasSubstr("██"));
  EXPECT_EQ(Lines(), 4u);
}

TEST_F(CLiveViewTest, WhatNobodyTookIsNotDrawnOver) {
  CLiveView view = View(100);
  view.OnPhaseBegin(EPhaseKind::kLoad, "load", 0, std::chrono::seconds(10));
  m_isTaken = false;
  view.OnSecond(Second(1), m_totals);
  m_isTaken = true;
  view.OnSecond(Second(2), m_totals);
  EXPECT_THAT(m_printed, Not(HasSubstr("\x1b[4A"))) << "there is no block of it above";
  EXPECT_EQ(Lines(), 4u);
}

TEST_F(CLiveViewTest, NoLineIsWiderThanTheTerminal) {
  CLiveView view = View(20);
  view.OnPhaseBegin(EPhaseKind::kLoad, "load", 0, std::chrono::seconds(10));
  for (int i = 1; i < 30; ++i) view.OnSecond(Second(i), m_totals);
  for (size_t at = m_printed.find("\x1b[2K"); at != std::string::npos; at = m_printed.find("\x1b[2K", at + 1)) {
    const std::string line = m_printed.substr(at + 4, m_printed.find('\n', at) - at - 4);
    const auto width = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
    EXPECT_LE(width, 19) << line;
  }
}

TEST_F(CLiveViewTest, FaultsStandOut) {
  m_totals.CountFault(ECount::kLost, [] { return std::string("one"); });
  CLiveView view = View(100);
  view.OnSecond(Second(1), m_totals);
  EXPECT_THAT(m_printed, HasSubstr("\x1b[31m  connections  64   rejects 0   faults 1\x1b[0m"));
}

TEST_F(CLiveViewTest, AFinishedStepLeavesALine) {
  CLiveView view = View(100);
  view.OnPhaseBegin(EPhaseKind::kStep, "20000/s", 20000, std::chrono::seconds(1));
  view.OnSecond(Second(1), m_totals);
  m_printed.clear();
  SPhaseResult phase;
  phase.kind = EPhaseKind::kStep;
  phase.name = "20000/s";
  phase.isObjectiveMet = true;
  view.OnPhaseEnd(phase);
  EXPECT_THAT(m_printed, testing::StartsWith("\x1b[4A\x1b[J  20000/s"));
  EXPECT_THAT(m_printed, testing::EndsWith("met\n"));
}

TEST_F(CLiveViewTest, ElsewhereASecondIsAPlainLine) {
  CLiveView view = View(0);
  view.OnPhaseBegin(EPhaseKind::kLoad, "load", 0, std::chrono::seconds(10));
  view.OnSecond(Second(1), m_totals);
  EXPECT_THAT(m_printed, Not(HasSubstr("\x1b")));
  EXPECT_EQ(Lines(), 1u);
  EXPECT_THAT(m_printed, HasSubstr("12,345/s"));
}

}  // namespace
}  // namespace switchboard::sim
