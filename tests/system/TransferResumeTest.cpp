// File transfer that is broken off: by the client, by the server, for good.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/system/CRelay.h"
#include "tests/system/CTransferTest.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

TEST_F(CTransferTest, AGetGoesOnAfterItsClientWasKilled) {
  CServerProcess& server = StartDemo();
  Make("data", RandomBytes(4 * kMiB));
  CRelay relay(server.Port(), 2 * kMiB);
  const auto p_killed = Begin(relay.Port(), {"get", "data", "got"});
  ASSERT_TRUE(relay.WaitUntilUsedUp());
  EXPECT_TRUE(
      Eventually([&] { return fs::exists(Folder() / "got.part") && fs::file_size(Folder() / "got.part") > kMiB; }));
  p_killed->Signal(SIGKILL);
  EXPECT_EQ(p_killed->Wait(), 128 + SIGKILL);
  EXPECT_FALSE(fs::exists(Folder() / "got"));
  const SRunResult result = Client(server.Port(), {"get", "data", "got"});
  ExpectGood(result);
  EXPECT_NE(result.output.find(" before"), std::string::npos) << result.output;
  EXPECT_EQ(ReadFile(Folder() / "got"), ReadFile(Files() / "data"));
}

TEST_F(CTransferTest, AGetBeginsAnewWhenTheRestDoesNotFit) {
  CServerProcess& server = StartDemo();
  Make("data", RandomBytes(kMiB));
  std::ofstream(Folder() / "got.part") << std::string(5000, 'x');
  ExpectGood(Client(server.Port(), {"get", "data", "got"}));
  EXPECT_EQ(ReadFile(Folder() / "got"), ReadFile(Files() / "data"));
}

TEST_F(CTransferTest, APutGoesOnAfterItsClientWasKilled) {
  CServerProcess& server = StartWritable();
  std::ofstream(Folder() / "mine", std::ios::binary) << RandomBytes(4 * kMiB);
  CRelay relay(server.Port(), 2 * kMiB);
  const auto p_killed = Begin(relay.Port(), {"put", "mine"});
  ASSERT_TRUE(relay.WaitUntilUsedUp());
  p_killed->Signal(SIGKILL);
  EXPECT_EQ(p_killed->Wait(), 128 + SIGKILL);
  EXPECT_TRUE(server.WaitForActive(0));
  EXPECT_EQ(Parts(), 1U);
  EXPECT_FALSE(fs::exists(Files() / "mine"));
  const SRunResult result = Client(server.Port(), {"put", "mine"});
  ExpectGood(result);
  EXPECT_NE(result.output.find(" before"), std::string::npos) << result.output;
  EXPECT_EQ(ReadFile(Files() / "mine"), ReadFile(Folder() / "mine"));
  EXPECT_EQ(Parts(), 0U);
}

TEST_F(CTransferTest, GetAndPutGoOnAfterTheWorkerWasKilled) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWritable();
  std::ofstream(Folder() / "mine", std::ios::binary) << RandomBytes(4 * kMiB);
  for (const std::vector<std::string>& command : {std::vector<std::string>{"put", "mine"}, {"get", "mine", "got"}}) {
    CRelay relay(server.Port(), 2 * kMiB);
    const auto p_client = Begin(relay.Port(), command);
    ASSERT_TRUE(relay.WaitUntilUsedUp());
    const pid_t worker = server.WorkerPid();
    kill(worker, SIGKILL);
    EXPECT_TRUE(server.WaitForNewWorker(0, worker));
    relay.Open();
    EXPECT_EQ(p_client->Wait(), 0) << p_client->Errors();
  }
  EXPECT_EQ(ReadFile(Files() / "mine"), ReadFile(Folder() / "mine"));
  EXPECT_EQ(ReadFile(Folder() / "got"), ReadFile(Folder() / "mine"));
}

TEST_F(CTransferTest, AbandonedUploadsAreRemovedAndOthersAreNot) {
  CServerProcess& server = StartWritable({"transfer.keep_s=1"});
  CTestClient holder(server.Port());
  const SPutReply held = BeginPut(holder, "held", 10);
  EXPECT_EQ(held.status, 0U);
  {
    CTestClient gone(server.Port());
    const SPutReply put = BeginPut(gone, "gone", 10);
    EXPECT_EQ(StatusIn(Write(gone, put.handle, 0, "12345")), ETransferStatus::kOk);
  }
  EXPECT_TRUE(server.WaitForLog("removed an upload that was abandoned"));
  EXPECT_EQ(Parts(), 1U);
  EXPECT_EQ(StatusIn(Write(holder, held.handle, 0, "1234567890")), ETransferStatus::kOk);
  SHandleBody body{};
  body.handle = held.handle;
  EXPECT_EQ(StatusIn(Ask(holder, CodeOf(ETransferCode::kCommit), BytesOf(body))), ETransferStatus::kOk);
  EXPECT_EQ(ReadFile(Files() / "held"), "1234567890");
}

}  // namespace
}  // namespace switchboard
