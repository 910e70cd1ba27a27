// A disk that doesn't answer holds up who asks for its files, and nobody else.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "logic/MsgCode.h"
#include "tests/support/CHttpTestClient.h"
#include "tests/system/CHttpSystemTest.h"
#include "tests/system/CSlowDisk.h"
#include "tests/system/CTransferTest.h"

namespace switchboard {
namespace {

// The demo, whose files over HTTP and over packets lie on a disk that can sleep, in Files().
class CSlowDiskTest : public CTransferTest {
 protected:
  CServerProcess& Serve(std::vector<std::string> overrides = {}) {
    SServerOptions options;
    options.program = "switchboard";
    options.listeners = 2;
    options.p_disk = &m_disk;
    options.overrides = {"listener.1.port=0",        "listener.1.address=127.0.0.1",
                         "listener.1.protocol=http", "listener.1.root=" + Files().string(),
                         "listener.1.listing=true",  "transfer.root=" + Files().string(),
                         "transfer.writable=true",   "server.workers=1"};
    options.overrides.insert(options.overrides.end(), overrides.begin(), overrides.end());
    return Start(options);
  }
  // Packets on sb-io and on the pool are answered, of a client that is there and of one that comes.
  static void ExpectPacketsGoOn(const CServerProcess& server, CTestClient& client) {
    CTestClient another(server.Port());
    for (CTestClient* p_client : {&client, &another}) {
      EXPECT_EQ(Ask(*p_client, kPing).msgCode, kPing);
      EXPECT_EQ(Ask(*p_client, kEcho, "still there").Text(), "still there");
    }
  }

  CSlowDisk m_disk{Files()};
};

struct SStep {
  const char* p_name;
  int call;  // that sleeps
  const char* p_target;
  bool isCached;  // it was asked for before
  const char* p_replyPath = "direct";
};

void PrintTo(const SStep& step, std::ostream* p_to) { *p_to << step.p_target << " by " << step.p_replyPath; }

// Neither is small enough to be in the cache's memory; the first is small enough to be sent at once.
constexpr size_t kMiddleBytes = 100 * 1024;
constexpr size_t kLargeBytes = 3 * 1024 * 1024;

class CSlowSiteTest : public CSlowDiskTest, public testing::WithParamInterface<SStep> {
 protected:
  void SetUp() override {
    Make("small.txt", "0123456789");
    Make("middle.bin", Pattern(kMiddleBytes));
    Make("large.bin", Pattern(kLargeBytes));
    std::filesystem::create_directory(Files() / "folder");
    Make("folder/one", "1");
  }
};

TEST_P(CSlowSiteTest, PacketsGoOn) {
  const SStep& step = GetParam();
  CServerProcess& server = Serve({std::string("reply.path=") + step.p_replyPath});
  CTestClient client(server.Port());
  const std::string expected = [&] {
    CHttpTestClient before(server.Port(1));
    return step.isCached ? before.Ask(step.p_target).body : std::string();
  }();

  m_disk.Sleep({step.call});
  std::deque<CHttpTestClient> asking;
  for (int i = 0; i < 2; ++i) {
    CHttpTestClient& one = asking.emplace_back(server.Port(1));
    EXPECT_TRUE(one.Get(step.p_target));
  }
  ASSERT_TRUE(m_disk.WaitForSleeping(step.call));
  ExpectPacketsGoOn(server, client);
  EXPECT_GE(m_disk.Sleeping(step.call), 1U) << "all that was while the disk slept";

  m_disk.Wake();
  for (CHttpTestClient& one : asking) {
    const SHttpAnswer answer = one.Receive();
    EXPECT_EQ(answer.status, 200);
    if (step.isCached) {
      EXPECT_TRUE(answer.body == expected);
    }
  }
}

constexpr SStep kSteps[] = {{"Opening", SYS_openat2, "/small.txt", false},
                            {"Reading", SYS_pread64, "/small.txt", false},
                            {"Listing", SYS_getdents64, "/folder/", false},
                            {"SendingAMiddleFile", SYS_sendfile, "/middle.bin", false},
                            {"SendingAMiddleFileThatIsOpen", SYS_sendfile, "/middle.bin", true},
                            {"SendingALargeFile", SYS_sendfile, "/large.bin", true}};

std::vector<SStep> Cases() {
  std::vector<SStep> cases(std::begin(kSteps), std::end(kSteps));
  for (SStep step : kSteps) {
    step.p_replyPath = "send_thread";
    cases.push_back(step);
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Steps, CSlowSiteTest, testing::ValuesIn(Cases()), [](const auto& test) {
  const bool isDirect = std::string(test.param.p_replyPath) == "direct";
  return std::string(test.param.p_name) + (isDirect ? "" : "BySendThread");
});

TEST_F(CSlowDiskTest, OtherFilesAreAnsweredFromTheCache) {
  Make("cached.txt", "in memory");
  Make("slow.txt", "not yet");
  CServerProcess& server = Serve();
  CHttpTestClient first(server.Port(1));
  EXPECT_EQ(first.Ask("/cached.txt").body, "in memory");
  m_disk.Sleep({SYS_openat2});
  CHttpTestClient slow(server.Port(1));
  EXPECT_TRUE(slow.Get("/slow.txt"));
  ASSERT_TRUE(m_disk.WaitForSleeping(SYS_openat2));
  // Of those who ask, one in each second is sent to look again.
  std::deque<CHttpTestClient> others;
  const auto isAnswered = [&] {
    const size_t before = m_disk.Sleeping(SYS_openat2);
    CHttpTestClient& one = others.emplace_back(server.Port(1));
    one.Get("/cached.txt");
    pollfd answer{one.Socket().Fd(), POLLIN, 0};
    EXPECT_TRUE(Eventually([&] { return poll(&answer, 1, 0) == 1 || m_disk.Sleeping(SYS_openat2) > before; }));
    return poll(&answer, 1, 0) == 1 && one.Receive().body == "in memory";
  };
  EXPECT_TRUE(Eventually(isAnswered));
  m_disk.Wake();
  EXPECT_EQ(slow.Receive().body, "not yet");
}

// What each of these asks of the disk, while it sleeps in that call.
TEST_F(CSlowDiskTest, PacketsGoOnWhileFilesAreTransferred) {
  Make("data", RandomBytes(100'000));
  CServerProcess& server = Serve();
  CTestClient client(server.Port());
  for (const auto& [call, arguments] :
       std::vector<std::pair<int, std::vector<std::string>>>{{SYS_openat2, {"get", "data", "got1"}},
                                                             {SYS_pread64, {"get", "data", "got2"}},
                                                             {SYS_getdents64, {"ls"}},
                                                             {SYS_pread64, {"hash", "data"}},
                                                             {SYS_pwrite64, {"put", "mine", "theirs"}}}) {
    std::ofstream(Folder() / "mine") << RandomBytes(50'000);
    m_disk.Sleep({call});
    const std::unique_ptr<CProgram> p_program = Begin(server.Port(), arguments);
    ASSERT_TRUE(m_disk.WaitForSleeping(call)) << arguments.front();
    ExpectPacketsGoOn(server, client);
    EXPECT_GE(m_disk.Sleeping(call), 1U) << arguments.front();
    m_disk.Wake();
    EXPECT_EQ(p_program->Wait(), 0) << arguments.front() << p_program->Errors();
  }
}

// One of two threads waits for the disk, the other hangs in a handler, which the log tells; would both hang, the worker
// would be ended.
TEST_F(CSlowDiskTest, WhoWaitsForTheDiskOfASiteDoesNotHang) {
  Make("slow.txt", "at last");
  SServerOptions options;
  options.listeners = 2;
  options.p_disk = &m_disk;
  options.overrides = {"listener.1.port=0",          "listener.1.address=127.0.0.1",
                       "listener.1.protocol=http",   "listener.1.root=" + Files().string(),
                       "server.watchdog_s=1",        "business.threads=2",
                       "business.blocking_threads=0"};
  CServerProcess& server = Start(options);
  CTestClient client(server.Port());
  ExpectServed(client);
  m_disk.Sleep({SYS_openat2});
  CHttpTestClient asking(server.Port(1));
  EXPECT_TRUE(asking.Get("/slow.txt"));
  ASSERT_TRUE(m_disk.WaitForSleeping(SYS_openat2));
  CTestClient hanging(server.Port());
  hanging.SendFrame(kTestAwaitGate);
  ASSERT_TRUE(server.WaitForLog("has a stuck handler"));
  EXPECT_EQ(Ask(client, kTestOpenGate).msgCode, kTestOpenGate);
  EXPECT_EQ(Next(hanging).msgCode, kTestAwaitGate);
  m_disk.Wake();
  EXPECT_EQ(asking.Receive().body, "at last");
}

}  // namespace
}  // namespace switchboard
