#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/CTestClient.h"
#include "tests/support/Scale.h"
#include "tests/support/TestMessages.h"
#include "tests/system/CServerProcess.h"

namespace switchboard {

// Sanitizers keep freed memory for a while.
inline constexpr bool kIsSanitized = kFewer > 1;

// What every system test does: it gives servers a folder of their own, and when the test ends it stops them and checks
// that each ended well, left no process, logged nothing bad, and accounted for every connection and packet.
// Threads: one.
class CSystemTest : public testing::Test {
 protected:
  CSystemTest();
  ~CSystemTest() override;
  void TearDown() override;

  // Starts one more server in the folder; it lives until the end of the test.
  CServerProcess& Start(const SServerOptions& options = {});
  // The same with `overrides` (KEY=VALUE) alone.
  CServerProcess& StartWith(std::vector<std::string> overrides);

  // This test makes the server log an [error] or [alert] with this text; it must, and nothing else may.
  void ExpectComplaint(std::string text) { m_complaints.push_back(std::move(text)); }
  // This test may make the server log an [error] or [alert] with this text: whether it does is a matter of chance.
  void AllowComplaint(std::string text) { m_possibleComplaints.push_back(std::move(text)); }
  // This test has a worker write what it likes into its counters: they add up to nothing.
  void ExpectSpoiltCounters() { m_areCountersSpoilt = true; }
  // This test kills the master of `server`, so that it ends badly.
  void ExpectLostMaster(const CServerProcess& server) { m_p_lost = &server; }

  struct SRunResult {
    int exitCode = -1;
    std::string output;
    std::string errors;
  };
  // Runs `switchboard` to its end, in the folder.
  SRunResult Run(const std::vector<std::string>& arguments, bool isUnprivileged = false);
  // Runs the program of the servers, with their configuration, as an operator who tells one of them something.
  SRunResult Order(const std::vector<std::string>& arguments);
  // Runs it with the configuration of the tests, in the foreground, and `overrides`: for starts that must fail.
  SRunResult RunServer(const std::vector<std::string>& overrides, bool isUnprivileged = false);

  const std::filesystem::path& Folder() const { return m_folder; }
  void ExpectNoProcessLeft() const;

 private:
  SRunResult RunProgram(const std::string& name, const std::vector<std::string>& arguments, bool isUnprivileged);
  void CheckEnd(CServerProcess& server);
  void CheckLog(const CServerProcess& server) const;
  void CheckTotals(const CServerProcess& server) const;

  std::filesystem::path m_folder;
  std::vector<std::unique_ptr<CServerProcess>> m_servers;
  std::vector<std::string> m_complaints;
  std::vector<std::string> m_possibleComplaints;
  bool m_areCountersSpoilt = false;
  const CServerProcess* m_p_lost = nullptr;
};

// One request and its answer; an empty frame (and a failure of the test) when none comes.
SReceivedFrame Ask(CTestClient& client, uint16_t msgCode, std::string_view body = {});
// As Ask, for a body of one number.
SReceivedFrame Ask(CTestClient& client, uint16_t msgCode, uint32_t number);
// The next frame; an empty one (and a failure of the test) when none comes.
SReceivedFrame Next(CTestClient& client);
// The bytes of an STestNumber.
std::string Number(uint32_t value);
uint32_t NumberIn(const SReceivedFrame& frame);
STestPlace PlaceIn(const SReceivedFrame& frame);
// Fails unless `frame` is the Reject of `msgCode` for `reason`.
void ExpectReject(const SReceivedFrame& frame, uint16_t msgCode, ERejectReason reason);
// Fails unless `client` is answered.
void ExpectServed(CTestClient& client);

}  // namespace switchboard
