// File transfer with the real programs: what client-sim gets, puts, lists and hashes, and what it may not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "misc/CDigest.h"
#include "tests/system/CTransferTest.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

TEST_F(CTransferTest, GetsListsAndHashesWhatIsThere) {
  CServerProcess& server = StartDemo();
  const fs::path file = Make("data.bin", RandomBytes(3 * kMiB + 12345));
  Make("empty", "");
  Make("one chunk", RandomBytes(kTransferChunkBytes));
  for (const char* p_name : {"data.bin", "empty", "one chunk"}) {
    ExpectGood(Client(server.Port(), {"get", p_name, "got"}));
    EXPECT_EQ(ReadFile(Folder() / "got"), ReadFile(Files() / p_name)) << p_name;
    EXPECT_FALSE(fs::exists(Folder() / "got.part"));
  }
  EXPECT_EQ(Client(server.Port(), {"hash", "data.bin"}).output, Tool("sha256sum", file) + "  data.bin\n");
  EXPECT_EQ(Client(server.Port(), {"hash", "--md5", "data.bin"}).output, Tool("md5sum", file) + "  data.bin\n");
  EXPECT_EQ(Client(server.Port(), {"hash", "empty"}).output, Tool("sha256sum", Files() / "empty") + "  empty\n");
  fs::create_directory(Files() / "folder");
  const std::string list = Client(server.Port(), {"ls"}).output;
  for (const char* p_part : {"  data.bin\n", "3,158,073  ", "  folder/\n", "  one chunk\n"}) {
    EXPECT_NE(list.find(p_part), std::string::npos) << p_part << list;
  }
  ExpectRefused(Client(server.Port(), {"get", "nothing"}), "no such file");
  ExpectRefused(Client(server.Port(), {"get", "folder", "got"}), "is a directory");
  ExpectRefused(Client(server.Port(), {"get", "empty", "got", "--no-clobber"}), "exists");
}

TEST_F(CTransferTest, GivesOutAnyPartOfAFile) {
  CServerProcess& server = StartDemo();
  const std::string content = RandomBytes(200'000);
  Make("data", content);
  CTestClient client(server.Port());
  const auto opened = ReplyIn<SOpenReply>(Ask(client, CodeOf(ETransferCode::kOpen), "data"));
  EXPECT_EQ(opened.stat.size, content.size());
  struct SPart {
    uint64_t offset;
    uint32_t length;
    uint64_t bytes;  // that come
  };
  for (const SPart& part :
       {SPart{0, 1, 1}, SPart{1, 0, 0}, SPart{199'999, 10, 1}, SPart{200'000, 10, 0}, SPart{123'456, 61'440, 61'440},
        SPart{0, UINT32_MAX, kTransferChunkBytes}, SPart{UINT64_MAX, 10, 0}, SPart{INT64_MAX, 10, 0}}) {
    for (const uint32_t handle : {opened.handle.value(), 0U}) {
      SGetBody body{};
      body.handle = handle;
      body.offset = part.offset;
      body.length = part.length;
      const SReceivedFrame frame = Ask(client, CodeOf(ETransferCode::kGet), BytesOf(body, handle == 0 ? "data" : ""));
      EXPECT_EQ(ReplyIn<SGetReply>(frame).status, 0U);
      EXPECT_EQ(ReplyIn<SGetReply>(frame).offset, part.offset);
      const size_t from = std::min<uint64_t>(part.offset, content.size());
      EXPECT_TRUE(frame.Text().substr(sizeof(SGetReply)) == content.substr(from, part.bytes)) << part.offset;
    }
  }
  const auto stat = ReplyIn<SStatReply>(Ask(client, CodeOf(ETransferCode::kStat), "data"));
  EXPECT_EQ(std::memcmp(&stat, &opened.stat, sizeof(stat)), 0);
}

TEST_F(CTransferTest, AnUploadCanBeHashedBeforeItIsCommitted) {
  CServerProcess& server = StartWritable();
  CTestClient client(server.Port());
  const SPutReply put = BeginPut(client, "abc", 3);
  EXPECT_EQ(StatusIn(Write(client, put.handle, 0, "abc")), ETransferStatus::kOk);
  SHashBody body{};
  body.handle = put.handle;
  body.isMd5 = 1;
  const auto hash = ReplyIn<SHashReply>(Ask(client, CodeOf(ETransferCode::kHash), BytesOf(body)));
  EXPECT_EQ(hash.hashed, 3U);
  EXPECT_EQ(CDigest::Hex(hash.md5), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_FALSE(fs::exists(Files() / "abc"));
}

TEST_F(CTransferTest, AnyLogicCanOwnOne) {
  constexpr uint16_t kFirstFileCode = 1000;  // of examples/files
  SServerOptions options;
  options.program = "example-files";
  options.overrides = {"transfer.root=files"};
  CServerProcess& server = Start(options);
  Make("data", "content");
  CTestClient client(server.Port());
  const SReceivedFrame frame =
      Ask(client, kFirstFileCode + static_cast<uint16_t>(ETransferCode::kGet), GetBody(0, 0, "data"));
  EXPECT_EQ(StatusIn(frame), ETransferStatus::kOk);
  EXPECT_EQ(frame.Text().substr(sizeof(SGetReply)), "content");
}

TEST_F(CTransferTest, TheMixChecksEveryChunk) {
  CServerProcess& server = StartDemo();
  Make("data", RandomBytes(kMiB + 1));
  const SRunResult result = Client(server.Port(), {"run", "--mix", "get=1,ping=1", "--file", "data", "--connections",
                                                   "4", "--depth", "8", "--requests", "1000", "--quiet"});
  ExpectGood(result);
  EXPECT_NE(result.output.find("1,000"), std::string::npos) << result.output;
  const SRunResult nothing = Client(server.Port(), {"run", "--mix", "get=1", "--file", "nothing", "--requests", "1"});
  EXPECT_NE(nothing.exitCode, 0);
  EXPECT_NE(nothing.errors.find("no such file"), std::string::npos) << nothing.errors;
}

TEST_F(CTransferTest, PutsAndReplaces) {
  CServerProcess& server = StartWritable();
  std::ofstream(Folder() / "mine", std::ios::binary) << RandomBytes(2 * kMiB + 7);
  ExpectGood(Client(server.Port(), {"put", "mine"}));
  EXPECT_EQ(ReadFile(Files() / "mine"), ReadFile(Folder() / "mine"));
  std::ofstream(Folder() / "mine", std::ios::binary) << "shorter";
  ExpectRefused(Client(server.Port(), {"put", "mine", "--no-clobber"}), "exists");
  ExpectGood(Client(server.Port(), {"put", "mine"}));
  EXPECT_EQ(ReadFile(Files() / "mine"), "shorter");
  ExpectRefused(Client(server.Port(), {"put", "mine", "no/such/folder"}), "no such file");
  std::ofstream(Folder() / "nothing");
  ExpectGood(Client(server.Port(), {"put", "nothing"}));
  EXPECT_EQ(fs::file_size(Files() / "nothing"), 0U);
  EXPECT_EQ(Parts(), 0U);
  EXPECT_EQ(Client(server.Port(), {"ls"}).output.find(".parts"), std::string::npos);
}

TEST_F(CTransferTest, ALargeDirectoryComesInPages) {
  constexpr uint32_t kNames = 6000 / kFewer;
  CServerProcess& server = StartDemo();
  std::set<std::string> names;
  for (uint32_t i = 0; i < kNames; ++i) {
    names.insert(std::string(40, 'n') + std::to_string(i));
    Make(std::string(40, 'n') + std::to_string(i), "");
  }
  CTestClient client(server.Port());
  const auto opened = ReplyIn<SOpenReply>(Ask(client, CodeOf(ETransferCode::kOpen), ""));
  SHandleBody body{};
  body.handle = opened.handle;
  uint32_t pages = 0;
  for (;; ++pages) {
    const SReceivedFrame frame = Ask(client, CodeOf(ETransferCode::kList), BytesOf(body));
    const auto reply = ReplyIn<SListReply>(frame);
    ASSERT_EQ(reply.status, 0U);
    ASSERT_LE(frame.body.size(), 32768U);
    if (reply.count == 0) break;
    std::string_view rest(reinterpret_cast<const char*>(frame.body.data()), frame.body.size());
    rest.remove_prefix(sizeof(SListReply));
    for (uint32_t i = 0; i < reply.count; ++i) {
      const auto nameBytes = static_cast<uint8_t>(rest[sizeof(SListEntry) - 1]);
      EXPECT_EQ(names.erase(std::string(rest.substr(sizeof(SListEntry), nameBytes))), 1U);
      rest.remove_prefix(sizeof(SListEntry) + nameBytes);
    }
    EXPECT_TRUE(rest.empty());
  }
  EXPECT_TRUE(names.empty());
  EXPECT_GE(pages, kNames / 600);
  const std::string list = Client(server.Port(), {"ls"}).output;
  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), static_cast<ptrdiff_t>(kNames));
}

TEST_F(CTransferTest, IsReadOnlyUnlessToldOtherwise) {
  CServerProcess& server = StartDemo();
  std::ofstream(Folder() / "mine") << "mine";
  ExpectRefused(Client(server.Port(), {"put", "mine"}), "takes no files");
  CTestClient client(server.Port());
  EXPECT_EQ(BeginPut(client, "mine", 4).status, static_cast<uint16_t>(ETransferStatus::kReadOnly));
  EXPECT_TRUE(fs::is_empty(Files()));
}

TEST_F(CTransferTest, IsNotThereWithoutARoot) {
  SServerOptions options;
  options.program = "switchboard";
  CServerProcess& server = Start(options);
  CTestClient client(server.Port());
  ExpectReject(Ask(client, CodeOf(ETransferCode::kStat), "x"), CodeOf(ETransferCode::kStat),
               ERejectReason::kUnknownCode);
  ExpectRefused(Client(server.Port(), {"get", "x"}), "it offers no files");
}

TEST_F(CTransferTest, NothingLeadsOutOfTheRoot) {
  constexpr std::string_view kCanary = "the canary sings";
  std::ofstream(Folder() / "canary") << kCanary;
  CServerProcess& server = StartWritable();
  fs::create_directory(Files() / "sub");
  fs::create_symlink("../canary", Files() / "link");
  fs::create_symlink(Folder() / "canary", Files() / "absolute-link");
  fs::create_symlink("..", Files() / "folder-link");
  fs::create_symlink("/proc/self/root", Files() / "magic-link");
  const std::string outside = Folder().string();
  std::vector<std::string> tricks{"..",
                                  "../canary",
                                  "./../canary",
                                  "sub/../../canary",
                                  "sub/../../files/../canary",
                                  "link",
                                  "absolute-link",
                                  "folder-link",
                                  "folder-link/canary",
                                  "magic-link" + outside + "/canary",
                                  "/",
                                  "/etc/passwd",
                                  "//etc/passwd",
                                  outside + "/canary",
                                  "..//canary",
                                  "sub/..//..//canary",
                                  "../files/../canary",
                                  "...//canary",
                                  "%2e%2e/canary",
                                  "..%2fcanary",
                                  "..\\canary",
                                  "\xc0\xae\xc0\xae/canary",
                                  ".parts",
                                  ".parts/x",
                                  "sub/../.parts/x",
                                  "./.parts/x",
                                  "canary",
                                  "sub/../canary",
                                  std::string(5000, 'a'),
                                  std::string(300, 'b')};
  tricks.emplace_back("../canary\0x", 11);
  tricks.emplace_back("link\0", 5);
  CTestClient client(server.Port());
  for (const std::string& trick : tricks) {
    for (const ETransferCode code : {ETransferCode::kStat, ETransferCode::kOpen}) {
      const SReceivedFrame answer = Ask(client, CodeOf(code), trick);
      EXPECT_NE(StatusIn(answer), ETransferStatus::kOk) << trick;
    }
    const SReceivedFrame got = Ask(client, CodeOf(ETransferCode::kGet), GetBody(0, 0, trick));
    EXPECT_NE(StatusIn(got), ETransferStatus::kOk) << trick;
    EXPECT_EQ(got.Text().find(kCanary), std::string::npos) << trick;
    const SPutReply put = BeginPut(client, trick, 0, kPutReplace);
    if (put.status != 0) continue;
    // A strange name may still be one beneath the root; the next trick is not to find what this one has put there.
    SHandleBody body{};
    body.handle = put.handle;
    Ask(client, CodeOf(ETransferCode::kCommit), BytesOf(body));
    for (const fs::path& folder : {Files(), Files() / "sub"}) {
      for (const auto& entry : fs::directory_iterator(folder)) {
        if (!entry.is_symlink() && entry.is_regular_file()) fs::remove(entry.path());
      }
    }
  }
  EXPECT_EQ(ReadFile(Folder() / "canary"), kCanary);
  std::set<std::string> besides;
  for (const auto& entry : fs::directory_iterator(Folder())) besides.insert(entry.path().filename().string());
  for (const char* p_name : {"x", "passwd", "..%2fcanary"}) EXPECT_FALSE(besides.contains(p_name));
}

TEST_F(CTransferTest, PermissionsAreSaidSo) {
  const fs::path secret = Make("secret", "secret");
  fs::permissions(secret, fs::perms::none);
  // Root may read anything unless it lacks the right.
  CProgram probe("client-sim", {"--version"}, SProgramOptions{Folder(), 0, true});
  EXPECT_EQ(probe.Wait(), 0);
  std::vector<std::string> arguments{"-f", "-c", CServerProcess::WriteConfig(Folder()).string(), "--set",
                                     "transfer.root=files"};
  CProgram server("switchboard", arguments, {Folder(), 0, true});
  uint16_t port = 0;
  EXPECT_TRUE(Eventually([&] {
    const std::string log = ReadFile(Folder() / "switchboard.log");
    const size_t at = log.find("listening on 127.0.0.1:");
    if (at != std::string::npos && log.find('\n', at) != std::string::npos) {
      port = static_cast<uint16_t>(std::stoi(log.substr(at + 23)));
    }
    return port != 0;
  }));
  ExpectRefused(Client(port, {"get", "secret"}), "permission denied");
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
}

}  // namespace
}  // namespace switchboard
