#include "proc/health/CInquest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "misc/CFrameRecord.h"
#include "misc/count/CTrace.h"
#include "net/conn/CConnection.h"
#include "net/wire/CFrameEncoder.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string ReadAll(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class CInquestTest : public testing::Test {
 protected:
  CInquestTest() {
    m_p_log = std::make_unique<CLog>((m_folder / "log").string(), ELogLevel::kDebug);
    m_p_page->slot = 3;
    m_p_page->process = 8;
  }

  void BeginPacket(SThreadTrace& trace, uint16_t msgCode, std::string_view body, uint64_t thread) {
    std::vector<std::byte> frame(kHeaderBytes + body.size());
    CFrameEncoder::WriteFrame(frame.data(), msgCode, std::as_bytes(std::span(body)));
    SPeer peer;
    peer.address.s6_addr[10] = peer.address.s6_addr[11] = 0xff;
    peer.address.s6_addr[12] = 127;
    peer.address.s6_addr[15] = 1;
    peer.port = 5000;
    std::array<uint64_t, 3> words{};
    std::memcpy(words.data(), &peer, sizeof(peer));
    CTrace note(trace);
    note.BeginSession(12, 7, words);
    note.BeginPacket(frame);
    trace.thread = thread;
  }
  std::vector<fs::path> Records() const {
    std::set<fs::path> records;
    for (const auto& entry : fs::directory_iterator(m_folder)) {
      if (entry.path().extension() == ".sbr") records.insert(entry.path());
    }
    return {records.begin(), records.end()};
  }
  std::string Log() const { return ReadAll(m_folder / "log"); }
  std::optional<STracedPacket> Hold(int signal) { return CInquest(*m_p_log, m_folder).Hold(*m_p_page, 4711, signal); }

  const CTemporaryFolder m_temporary;
  const fs::path m_folder = m_temporary.Path();
  std::unique_ptr<CLog> m_p_log;
  std::unique_ptr<SWorkerPage> m_p_page = std::make_unique<SWorkerPage>();
};

TEST_F(CInquestTest, ADeathWithEmptyHandsIsNoCase) {
  EXPECT_FALSE(Hold(SIGSEGV).has_value());
  EXPECT_EQ(Log(), "");
  EXPECT_THAT(Records(), IsEmpty());
}

TEST_F(CInquestTest, TheThreadThatWasHitIsToBlame) {
  BeginPacket(m_p_page->workTrace[0], 7, "innocent", 100);
  BeginPacket(m_p_page->workTrace[5], 41, "guilty", 200);
  m_p_page->faultThread = 200;
  const auto culprit = Hold(SIGSEGV);
  ASSERT_TRUE(culprit.has_value());
  EXPECT_EQ(culprit->msgCode, 41);
  const std::string log = Log();
  EXPECT_THAT(log, HasSubstr("[alert]"));
  EXPECT_THAT(log, HasSubstr("worker process 3 was killed by SIGSEGV while handling msgCode 41 from 127.0.0.1:5000 "
                             "(session 8:12:7): 000e0029"));
  EXPECT_THAT(log, HasSubstr("6775696c7479; saved as switchboard-crash-"));
  EXPECT_THAT(log, HasSubstr("worker process 3 had in sb-work-0 when SIGSEGV killed it: msgCode 7 from "));
  EXPECT_THAT(Records(), SizeIs(2));
}

TEST_F(CInquestTest, WhatIsSavedCanBePlayed) {
  BeginPacket(m_p_page->ioTrace, 41, "guilty", 200);
  Hold(SIGABRT);
  const std::vector<fs::path> records = Records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_THAT(records[0].filename().string(), testing::MatchesRegex("switchboard-crash-[0-9T]+Z-4711-sb-io\\.sbr"));
  struct stat status {};
  ASSERT_EQ(stat(records[0].c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const std::string bytes = ReadAll(records[0]);
  CFrameRecord record(std::as_bytes(std::span(bytes)));
  const auto frame = record.Next();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->direction, EDirection::kToServer);
  std::vector<std::byte> expected(kHeaderBytes + 6);
  CFrameEncoder::WriteFrame(expected.data(), 41, std::as_bytes(std::span(std::string_view("guilty"))));
  EXPECT_EQ(std::vector<std::byte>(frame->bytes.begin(), frame->bytes.end()), expected);
  EXPECT_FALSE(record.Next().has_value());
  EXPECT_TRUE(record.IsAtEnd());
}

TEST_F(CInquestTest, ALongPacketIsCutAndSaidToBe) {
  BeginPacket(m_p_page->workTrace[0], 41, std::string(10000, 'x'), 200);
  m_p_page->faultThread = 200;
  Hold(SIGSEGV);
  EXPECT_THAT(Log(), HasSubstr("(the first 4000 of 10008 bytes)"));
  EXPECT_THAT(Log(), HasSubstr("7878…; saved"));
}

TEST_F(CInquestTest, WithoutAMarkNobodyIsBlamed) {
  BeginPacket(m_p_page->workTrace[0], 7, "one", 100);
  EXPECT_FALSE(Hold(SIGSEGV).has_value());
  m_p_page->faultThread = 300;
  EXPECT_FALSE(Hold(SIGSEGV).has_value());
  EXPECT_THAT(Log(),
              HasSubstr("worker process 3 was killed by SIGSEGV in a thread that ran no handler: the main one, or "
                        "one of the logic's own: no packet is to blame"));
}

TEST_F(CInquestTest, ADeathInAHookBlamesNoPacket) {
  BeginPacket(m_p_page->workTrace[0], 7, "innocent", 100);
  BeginPacket(m_p_page->workTrace[1], 8, "over", 200);
  CTrace trace(m_p_page->workTrace[1]);
  trace.BeginUserCode(EUserCode::kOnDisconnect);
  m_p_page->faultThread = pthread_self();
  EXPECT_FALSE(Hold(SIGSEGV).has_value());
  EXPECT_THAT(Log(), HasSubstr("worker process 3 was killed by SIGSEGV in OnDisconnect of 127.0.0.1:5000 (session "
                               "8:12:7) in sb-work-1: no packet is to blame"));
  trace.EndUserCode();
  trace.BeginUserCode(EUserCode::kJob);
  Hold(SIGSEGV);
  EXPECT_THAT(Log(), HasSubstr("in a timer or a posted function in sb-work-1: no packet is to blame"));
}

TEST_F(CInquestTest, WhereNothingCanBeWrittenNoEmptyRecordIsLeft) {
  BeginPacket(m_p_page->workTrace[0], 7, "one", 100);
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit none { 0, before.rlim_max };
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &none);
  EXPECT_THROW(CCrashFiles(m_folder).Save(CInquest::PacketsIn(*m_p_page).at(0), 1, {}), std::system_error);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_DFL);
  EXPECT_THAT(Records(), IsEmpty());
}

TEST_F(CInquestTest, WhoIsKilledFromOutsideDiedOfNoPacket) {
  BeginPacket(m_p_page->workTrace[0], 7, "one", 100);
  EXPECT_FALSE(Hold(SIGKILL).has_value());
  EXPECT_THAT(Log(), HasSubstr("when SIGKILL killed it: msgCode 7"));
  EXPECT_THAT(Log(), Not(HasSubstr("[alert]")));
}

TEST_F(CInquestTest, ADamagedPageIsReadWithCare) {
  BeginPacket(m_p_page->workTrace[0], 7, "one", 100);
  for (const uint32_t bytes : {1U, 7U, 65536U, 0xffffffffU}) {
    m_p_page->workTrace[0].packetBytes = bytes;
    EXPECT_THAT(CInquest::PacketsIn(*m_p_page), IsEmpty()) << bytes;
  }
  m_p_page->workTrace[0].packetBytes = 65535;
  m_p_page->workTrace[0].packet.fill(std::byte{0xff});
  EXPECT_THAT(CInquest::PacketsIn(*m_p_page), SizeIs(1));
  ForgetPackets(*m_p_page);
  EXPECT_THAT(CInquest::PacketsIn(*m_p_page), IsEmpty());
}

TEST_F(CInquestTest, TheNewestRecordsAreKept) {
  const CCrashFiles files(m_folder);
  STracedPacket packet;
  packet.thread = "sb-io";
  const auto begin = std::chrono::system_clock::now();
  std::ofstream(m_folder / "switchboard-crash-report.txt") << "not ours";
  for (int i = 0; i < 40; ++i) files.Save(packet, 100 + i, begin + std::chrono::seconds(i));
  const std::vector<fs::path> records = Records();
  ASSERT_THAT(records, SizeIs(CCrashFiles::kKept));
  EXPECT_THAT(records.front().string(), HasSubstr("-124-sb-io"));
  EXPECT_THAT(records.back().string(), HasSubstr("-139-sb-io"));
  EXPECT_TRUE(fs::exists(m_folder / "switchboard-crash-report.txt"));
}

TEST_F(CInquestTest, ARecordThatCannotBeSavedIsLoggedAllTheSame) {
  BeginPacket(m_p_page->workTrace[0], 7, "one", 100);
  CInquest(*m_p_log, m_folder / "missing").Hold(*m_p_page, 4711, SIGSEGV);
  EXPECT_THAT(Log(), HasSubstr("not saved: switchboard-crash-"));
}

}  // namespace
}  // namespace switchboard
