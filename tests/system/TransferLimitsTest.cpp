// What file transfer may take: of the disk, of the memory, of the time that others wait.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/Eventually.h"
#include "tests/system/CTransferTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

// A small file system at a folder, as long as this lives.
// Threads: one.
class CSmallDisk {
 public:
  CSmallDisk(const fs::path& folder, const char* p_size)
      : m_folder(folder), m_isMounted(::mount("none", folder.c_str(), "tmpfs", 0, p_size) == 0) {}
  ~CSmallDisk() {
    if (m_isMounted) ::umount2(m_folder.c_str(), MNT_DETACH);
  }
  CSmallDisk(const CSmallDisk&) = delete;
  CSmallDisk& operator=(const CSmallDisk&) = delete;

  // False without the right to mount.
  bool IsMounted() const { return m_isMounted; }

 private:
  const fs::path m_folder;
  const bool m_isMounted;
};

TEST_F(CTransferTest, KeepsToItsQuotas) {
  CServerProcess& server = StartWritable({"transfer.max_file_bytes=100000", "transfer.max_total_bytes=150000"});
  std::ofstream(Folder() / "large") << std::string(100001, 'x');
  std::ofstream(Folder() / "mine") << std::string(90000, 'x');
  ExpectRefused(Client(server.Port(), {"put", "large"}), "too large");
  ExpectGood(Client(server.Port(), {"put", "mine", "first"}));
  ExpectRefused(Client(server.Port(), {"put", "mine", "second"}), "no space");
  // What was announced counts, and the same upload counts once.
  CTestClient client(server.Port());
  EXPECT_EQ(BeginPut(client, "third", 60000).status, 0U);
  EXPECT_EQ(BeginPut(client, "fourth", 1).status, static_cast<uint16_t>(ETransferStatus::kNoSpace));
  client.Close();
  EXPECT_TRUE(server.WaitForActive(0));
  CTestClient again(server.Port());
  const SPutReply resumed = BeginPut(again, "third", 60000, kPutResume);
  EXPECT_EQ(resumed.status, 0U);
  EXPECT_EQ(StatusIn(Write(again, resumed.handle, 1, "x")), ETransferStatus::kBadOffset);
  EXPECT_EQ(StatusIn(Write(again, resumed.handle, 0, "x")), ETransferStatus::kOk);
  SHandleBody handle{};
  handle.handle = resumed.handle;
  EXPECT_EQ(StatusIn(Ask(again, CodeOf(ETransferCode::kCommit), BytesOf(handle))), ETransferStatus::kBadOffset);
}

// A client of another address than the others have.
CTestClient ElsewhereClient(uint16_t port) {
  CFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  EXPECT_EQ(::bind(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return CTestClient(std::move(fd), port);
}

TEST_F(CTransferTest, WhoAnnouncesAllThatThereIsKeepsNobodyOut) {
  CServerProcess& server = StartWritable({"transfer.max_total_bytes=1000000", "transfer.max_peer_bytes=300000"});
  CTestClient greedy(server.Port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(BeginPut(greedy, std::to_string(i), 100000).status, 0U) << i;
  EXPECT_EQ(BeginPut(greedy, "more", 1).status, static_cast<uint16_t>(ETransferStatus::kNoSpace));
  CTestClient accomplice(server.Port());
  EXPECT_EQ(BeginPut(accomplice, "more", 1).status, static_cast<uint16_t>(ETransferStatus::kNoSpace))
      << "another connection has no share of its own";
  CTestClient victim = ElsewhereClient(server.Port());
  EXPECT_EQ(BeginPut(victim, "modest", 300000).status, 0U);
}

TEST_F(CTransferTest, AbandonedUploadsAreFew) {
  CServerProcess& server = StartWritable({"transfer.max_peer_parts=5"});
  CTestClient client(server.Port());
  for (int i = 0; i < 300; ++i) {
    const SPutReply put = BeginPut(client, std::to_string(i), 1);
    ASSERT_EQ(put.status, 0U) << i;
    SCloseBody close{};
    close.handle = put.handle;
    ASSERT_EQ(StatusIn(Ask(client, CodeOf(ETransferCode::kClose), BytesOf(close))), ETransferStatus::kOk);
  }
  EXPECT_EQ(Parts(), 5U);
}

TEST_F(CTransferTest, EmptyFilesHaveAQuotaThatAllWorkersShare) {
  CServerProcess& server = StartWritable({"server.workers=2", "transfer.max_total_files=20"});
  std::ofstream(Folder() / "empty").flush();
  // Each comes to whatever worker, on a connection of its own.
  for (int i = 0; i < 20; ++i) ExpectGood(Client(server.Port(), {"put", "empty", std::to_string(i)}));
  ExpectRefused(Client(server.Port(), {"put", "empty", "more"}), "no space");
}

TEST_F(CTransferTest, WhatWasRemovedByHandIsFoundWhenRoomIsLacking) {
  CServerProcess& server = StartWritable({"transfer.max_total_bytes=100", "transfer.recount_s=1"});
  CTestClient client(server.Port());
  const SPutReply put = BeginPut(client, "all", 100);
  ASSERT_EQ(put.status, 0U);
  ASSERT_EQ(StatusIn(Write(client, put.handle, 0, std::string(100, 'x'))), ETransferStatus::kOk);
  SHandleBody handle{};
  handle.handle = put.handle;
  ASSERT_EQ(StatusIn(Ask(client, CodeOf(ETransferCode::kCommit), BytesOf(handle))), ETransferStatus::kOk);
  EXPECT_EQ(BeginPut(client, "more", 1).status, static_cast<uint16_t>(ETransferStatus::kNoSpace));
  fs::remove(Files() / "all");
  EXPECT_TRUE(Eventually([&] { return BeginPut(client, "more", 1).status == 0; }));
}

TEST_F(CTransferTest, OneOfTwoUploadsOfAFileIsBusyAndHandlesAreFew) {
  CServerProcess& server = StartWritable({"transfer.max_open=2"});
  Make("a", "a");
  CTestClient one(server.Port());
  CTestClient two(server.Port());
  const SPutReply put = BeginPut(one, "file", 5);
  EXPECT_EQ(put.status, 0U);
  EXPECT_EQ(BeginPut(two, "file", 5, kPutResume).status, static_cast<uint16_t>(ETransferStatus::kBusy));
  EXPECT_EQ(StatusIn(Ask(one, CodeOf(ETransferCode::kOpen), "a")), ETransferStatus::kOk);
  EXPECT_EQ(StatusIn(Ask(one, CodeOf(ETransferCode::kOpen), "a")), ETransferStatus::kTooManyOpen);
  SCloseBody close{};
  close.handle = put.handle;
  close.isDiscarded = 1;
  EXPECT_EQ(StatusIn(Ask(one, CodeOf(ETransferCode::kClose), BytesOf(close))), ETransferStatus::kOk);
  EXPECT_EQ(Parts(), 0U);
  EXPECT_EQ(StatusIn(Ask(one, CodeOf(ETransferCode::kOpen), "a")), ETransferStatus::kOk);
  EXPECT_EQ(StatusIn(Ask(one, CodeOf(ETransferCode::kGet), GetBody(put.handle, 0))), ETransferStatus::kBadHandle);
  EXPECT_EQ(StatusIn(Ask(two, CodeOf(ETransferCode::kGet), GetBody(1, 0))), ETransferStatus::kBadHandle);
  EXPECT_EQ(BeginPut(two, "file", 5).status, 0U);
}

TEST_F(CTransferTest, ASlowReaderCostsWhatItsWindowHolds) {
  CServerProcess& server = StartDemo();
  const std::string content = RandomBytes(8 * kMiB);
  Make("data", content);
  CTestClient warmUp(server.Port());
  Ask(warmUp, CodeOf(ETransferCode::kGet), GetBody(0, 0, "data"));
  const auto before = StateOf(server.WorkerPid());
  // Within the window: all of it comes, however late.
  CTestClient slow(server.Port(), 4096);
  const auto opened = ReplyIn<SOpenReply>(Ask(slow, CodeOf(ETransferCode::kOpen), "data"));
  const uint64_t chunks = opened.window / kTransferChunkBytes;
  const uint64_t replied = server.Count(ECounter::kPacketsReplied);
  for (uint64_t i = 0; i < chunks; ++i) {
    slow.SendFrame(CodeOf(ETransferCode::kGet), GetBody(opened.handle, i * kTransferChunkBytes));
  }
  EXPECT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, replied + chunks));
  // Beyond it: the connection is closed.
  CTestClient greedy(server.Port(), 4096);
  for (uint64_t i = 0; i < 2000; ++i) {
    if (!greedy.SendFrame(CodeOf(ETransferCode::kGet), GetBody(0, i % 100 * kTransferChunkBytes, "data"))) break;
  }
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kSendQueueOverflow, 1));
  const auto after = StateOf(server.WorkerPid());
  ASSERT_TRUE(before && after);
  if (!kIsSanitized) {
    EXPECT_LE(after->residentBytes, before->residentBytes + 16 * kMiB);
  }
  for (uint64_t i = 0; i < chunks; ++i) {
    const SReceivedFrame frame = Next(slow);
    ASSERT_EQ(frame.Text().substr(sizeof(SGetReply)), content.substr(i * kTransferChunkBytes, kTransferChunkBytes));
  }
}

TEST_F(CTransferTest, PingsAreAnsweredDuringTwentyTransfers) {
  CServerProcess& server = StartDemo({"business.threads=1"});
  Make("data", RandomBytes(2 * kMiB));
  const auto p_load = Begin(server.Port(), {"run", "--mix", "get=1", "--file", "data", "--connections", "20", "--depth",
                                            "16", "--duration", "10m", "--quiet"});
  ASSERT_TRUE(server.WaitForCount(ECounter::kPacketsReplied, 200));
  CTestClient client(server.Port());
  for (uint32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(Ask(client, kPing).msgCode, kPing);
    // The pool's one thread, too, turns to whoever waits after a chunk.
    EXPECT_EQ(Ask(client, kEcho, "echo").Text(), "echo");
  }
  p_load->Signal(SIGINT);
  EXPECT_EQ(p_load->Wait(), 0) << p_load->Output() << p_load->Errors();
}

TEST_F(CTransferTest, ManyTransfersAtOnceAllArriveWhole) {
  constexpr int kEach = 6;
  CServerProcess& server = StartWritable({"business.threads=2"});
  Make("data", RandomBytes(2 * kMiB + 1));
  std::ofstream(Folder() / "mine", std::ios::binary) << RandomBytes(kMiB + 1);
  std::vector<std::unique_ptr<CProgram>> clients;
  for (int i = 0; i < kEach; ++i) {
    const std::string number = std::to_string(i);
    clients.push_back(Begin(server.Port(), {"get", "data", "got" + number, "--patience", "60s"}));
    clients.push_back(Begin(server.Port(), {"put", "mine", "put" + number, "--patience", "60s"}));
  }
  for (const auto& p_client : clients) EXPECT_EQ(p_client->Wait(), 0) << p_client->Errors();
  for (int i = 0; i < kEach; ++i) {
    EXPECT_TRUE(ReadFile(Folder() / ("got" + std::to_string(i))) == ReadFile(Files() / "data"));
    EXPECT_TRUE(ReadFile(Files() / ("put" + std::to_string(i))) == ReadFile(Folder() / "mine"));
  }
  EXPECT_EQ(Parts(), 0U);
}

TEST_F(CTransferTest, AFullDiskIsSaidSoAndKeepsNothing) {
  const CSmallDisk disk(Files(), "size=2m");
  if (!disk.IsMounted()) {
    RecordProperty("full_disk", "not tested");
    std::cout << "no right to mount a small file system: a full disk was not tested\n";
    return;
  }
  CServerProcess& server = StartWritable({"transfer.max_total_bytes=0"});
  std::ofstream(Folder() / "mine", std::ios::binary) << RandomBytes(3 * kMiB);
  std::ofstream(Folder() / "small", std::ios::binary) << RandomBytes(kMiB + 1);
  ExpectRefused(Client(server.Port(), {"put", "mine"}), "no space");
  ExpectGood(Client(server.Port(), {"put", "small"}));
  ExpectRefused(Client(server.Port(), {"put", "small", "again"}), "no space");
  EXPECT_EQ(Parts(), 0U);
  EXPECT_GT(server.CountInLog("no_space"), 0U);
  server.Stop();
}

}  // namespace
}  // namespace switchboard
