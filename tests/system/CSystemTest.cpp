#include "tests/system/CSystemTest.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "net/wire/Wire.h"
#include "tests/system/Processes.h"

namespace switchboard {

namespace fs = std::filesystem;

CSystemTest::CSystemTest() {
  std::string pattern = (fs::temp_directory_path() / "switchboard-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder for the test");
  m_folder = fs::canonical(pattern);
}

CSystemTest::~CSystemTest() {
  m_servers.clear();
  for (const pid_t pid : ProcessesIn(m_folder)) kill(pid, SIGKILL);
  std::error_code ignored;
  fs::permissions(m_folder, fs::perms::owner_all, ignored);
  fs::remove_all(m_folder, ignored);
}

void CSystemTest::TearDown() {
  for (const auto& p_server : m_servers) p_server->Stop();
  for (const auto& p_server : m_servers) CheckEnd(*p_server);
  ExpectNoProcessLeft();
  for (const std::string& complaint : m_complaints) {
    EXPECT_TRUE(std::any_of(m_servers.begin(), m_servers.end(),
                            [&](const auto& p_server) { return p_server->CountInLog(complaint) > 0; }))
        << "no server logged: " << complaint;
  }
  if (!HasFailure()) return;
  for (const auto& entry : fs::directory_iterator(m_folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("errors") && !name.ends_with(".log")) continue;
    const std::string text = ReadFile(entry.path());
    if (!text.empty()) ADD_FAILURE() << name << ":\n" << text.substr(0, 20000);
  }
}

CServerProcess& CSystemTest::Start(const SServerOptions& options) {
  m_servers.push_back(std::make_unique<CServerProcess>(m_folder, options));
  return *m_servers.back();
}

CServerProcess& CSystemTest::StartWith(std::vector<std::string> overrides) {
  SServerOptions options;
  options.overrides = std::move(overrides);
  return Start(options);
}

CSystemTest::SRunResult CSystemTest::Run(const std::vector<std::string>& arguments, bool isUnprivileged) {
  return RunProgram("switchboard", arguments, isUnprivileged);
}

CSystemTest::SRunResult CSystemTest::RunProgram(const std::string& name, const std::vector<std::string>& arguments,
                                                bool isUnprivileged) {
  CProgram program(name, arguments, {m_folder, 0, isUnprivileged});
  const std::optional<int> exitCode = program.Wait();
  EXPECT_TRUE(exitCode.has_value()) << "the program doesn't end";
  return {exitCode.value_or(-1), program.Output(), program.Errors()};
}

CSystemTest::SRunResult CSystemTest::Order(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{"-c", "switchboard.toml"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return RunProgram("test-server", all, false);
}

CSystemTest::SRunResult CSystemTest::RunServer(const std::vector<std::string>& overrides, bool isUnprivileged) {
  std::vector<std::string> arguments{"-f", "-c", CServerProcess::WriteConfig(m_folder).string()};
  for (const std::string& setting : overrides) arguments.insert(arguments.end(), {"--set", setting});
  return Run(arguments, isUnprivileged);
}

void CSystemTest::ExpectNoProcessLeft() const {
  // A process closes its descriptors, which is what its parent may wait for, a moment before it is gone.
  EXPECT_TRUE(Eventually([this] { return ProcessesIn(m_folder).empty(); })) << "a process is left";
}

void CSystemTest::CheckEnd(CServerProcess& server) {
  const std::optional<int> exitCode = server.WaitForEnd();
  ASSERT_TRUE(exitCode.has_value()) << "the server doesn't stop";
  CheckLog(server);
  // What a sanitizer has to say is said here.
  EXPECT_EQ(server.Errors(), "");
  if (&server == m_p_lost) return;
  EXPECT_EQ(*exitCode, 0);
  CheckTotals(server);
}

void CSystemTest::CheckLog(const CServerProcess& server) const {
  for (const char* p_level : {" [alert] ", " [error] "}) {
    for (const std::string& line : server.LogLines(p_level)) {
      const auto isIt = [&](const std::string& complaint) { return line.find(complaint) != std::string::npos; };
      const bool isExpected = std::any_of(m_complaints.begin(), m_complaints.end(), isIt) ||
                              std::any_of(m_possibleComplaints.begin(), m_possibleComplaints.end(), isIt);
      EXPECT_TRUE(isExpected) << "the log has: " << line;
    }
  }
}

void CSystemTest::CheckTotals(const CServerProcess& server) const {
  if (m_areCountersSpoilt) return;
  const auto totals = server.Totals();
  ASSERT_FALSE(totals.empty()) << "the log has no totals";
  const auto of = [&](const char* p_name) { return server.Total(p_name); };
  uint64_t closed = 0;
  uint64_t rejected = 0;
  for (const auto& [name, value] : totals) {
    if (name.starts_with("closed_")) closed += value;
    if (name.starts_with("rejected_")) rejected += value;
  }
  EXPECT_EQ(of("connections_accepted"), closed);
  EXPECT_EQ(of("connections_closed"), closed);
  EXPECT_EQ(of("connections_active"), 0U);
  EXPECT_EQ(of("packets_rejected"), rejected);
  EXPECT_EQ(of("packets_accepted"), of("packets_replied") + rejected + of("packets_one_way") + of("packets_discarded"));
  EXPECT_EQ(of("packets_in_flight"), 0U);
}

SReceivedFrame Ask(CTestClient& client, uint16_t msgCode, std::string_view body) {
  EXPECT_TRUE(client.SendFrame(msgCode, body));
  return Next(client);
}

SReceivedFrame Ask(CTestClient& client, uint16_t msgCode, uint32_t number) {
  return Ask(client, msgCode, Number(number));
}

SReceivedFrame Next(CTestClient& client) {
  std::optional<SReceivedFrame> frame = client.ReceiveFrame();
  EXPECT_TRUE(frame.has_value()) << "no answer";
  return frame.value_or(SReceivedFrame{});
}

std::string Number(uint32_t value) {
  STestNumber number;
  number.value = value;
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

uint32_t NumberIn(const SReceivedFrame& frame) {
  STestNumber number{};
  EXPECT_GE(frame.body.size(), sizeof(number));
  if (frame.body.size() >= sizeof(number)) std::memcpy(&number, frame.body.data(), sizeof(number));
  return number.value;
}

STestPlace PlaceIn(const SReceivedFrame& frame) {
  STestPlace place{};
  EXPECT_EQ(frame.body.size(), sizeof(place));
  if (frame.body.size() == sizeof(place)) std::memcpy(&place, frame.body.data(), sizeof(place));
  return place;
}

void ExpectReject(const SReceivedFrame& frame, uint16_t msgCode, ERejectReason reason) {
  EXPECT_EQ(frame.msgCode, kRejectCode);
  ASSERT_EQ(frame.body.size(), sizeof(SRejectBody));
  SRejectBody body;
  std::memcpy(&body, frame.body.data(), sizeof(body));
  EXPECT_EQ(body.msgCode, msgCode);
  EXPECT_EQ(static_cast<ERejectReason>(body.reason.value()), reason)
      << "is " << body.reason.value() << ", not " << ToString(reason);
}

void ExpectServed(CTestClient& client) { EXPECT_EQ(Ask(client, kTestEcho, "are you there?").Text(), "are you there?"); }

}  // namespace switchboard
