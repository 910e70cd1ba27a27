#include "logic/transfer/CTransferStore.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "logic/transfer/TransferStatus.h"
#include "misc/CDigest.h"
#include "misc/file/CFd.h"
#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

// Leaves the process no more than so many descriptors, for as long as this lives.
// Threads: one, and no other opens any.
class CFewDescriptors {
 public:
  explicit CFewDescriptors(size_t most) {
    std::vector<CFd> spare;
    rlim_t limit = 0;
    while (spare.size() < most) {
      spare.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      limit = std::max<rlim_t>(limit, static_cast<rlim_t>(spare.back().Get()) + 1);
    }
    ::getrlimit(RLIMIT_NOFILE, &m_before);
    const rlimit few{limit, m_before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~CFewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &m_before); }
  CFewDescriptors(const CFewDescriptors&) = delete;
  CFewDescriptors& operator=(const CFewDescriptors&) = delete;

 private:
  rlimit m_before{};
};

class CTransferStoreTest : public testing::Test {
 protected:
  CTransferStoreTest() : m_log((m_folder.Path() / "log").string(), ELogLevel::kInfo) {
    m_folder.Write("root/a.txt", "hello");
    m_folder.Write("root/sub/b.txt", "deeper");
    m_folder.Write("canary", "outside");
    m_config.root = (m_folder.Path() / "root").string();
    m_config.writable = true;
    m_config.max_file_bytes = 1000;
    m_config.max_total_bytes = 0;
  }
  CTransferStore Store(uint32_t mostAdmitting = 2) { return {m_config, mostAdmitting, m_log}; }
  size_t Parts() const {
    const fs::directory_iterator parts(m_folder.Path() / "root" / CTransferStore::kParts);
    return static_cast<size_t>(std::distance(begin(parts), end(parts)));
  }
  ETransferStatus BeginStatus(std::string_view path, uint64_t size, uint8_t flags = 0) {
    return Store().Begin(path, size, flags).status;
  }

  CTemporaryFolder m_folder;
  CLog m_log;
  STransferConfig m_config;
};

TEST_F(CTransferStoreTest, OpensFilesAndDirectories) {
  const CTransferStore store = Store();
  const CTransferStore::SOpened file = store.Open("sub/b.txt");
  EXPECT_EQ(file.status, ETransferStatus::kOk);
  EXPECT_TRUE(file.fd.IsValid());
  EXPECT_EQ(file.stat.kind, static_cast<uint8_t>(EFileKind::kFile));
  EXPECT_EQ(file.stat.size, 6U);
  struct stat status {};
  ASSERT_EQ(::stat((m_folder.Path() / "root/sub/b.txt").c_str(), &status), 0);
  EXPECT_EQ(file.stat.modified, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec);
  for (const char* p_path : {"", ".", "sub", "sub/"}) {
    EXPECT_EQ(store.Open(p_path).stat.kind, static_cast<uint8_t>(EFileKind::kDirectory)) << p_path;
  }
}

TEST_F(CTransferStoreTest, RefusesWhatIsNotThereAndWhatIsNotBeneath) {
  fs::create_symlink("../canary", m_folder.Path() / "root/link");
  ASSERT_EQ(::mkfifo((m_folder.Path() / "root/fifo").c_str(), 0600), 0);
  const CTransferStore store = Store();
  EXPECT_EQ(store.Open("nothing").status, ETransferStatus::kNotFound);
  EXPECT_EQ(store.Open("a.txt/x").status, ETransferStatus::kNotFound);
  EXPECT_EQ(store.Open("fifo").status, ETransferStatus::kNotAFile);
  EXPECT_EQ(store.Open("link").status, ETransferStatus::kDenied);
  EXPECT_EQ(store.Open("../canary").status, ETransferStatus::kDenied);
  EXPECT_NE(store.Open((m_folder.Path() / "canary").string()).status, ETransferStatus::kOk);
  EXPECT_EQ(store.Open(std::string_view("a.txt\0", 6)).status, ETransferStatus::kBadName);
  EXPECT_EQ(store.Open(std::string(kTransferPathBytes + 1, 'a')).status, ETransferStatus::kBadName);
}

TEST_F(CTransferStoreTest, UnfinishedUploadsAreNobodysBusiness) {
  const CTransferStore store = Store();
  const CTransferStore::SBegun begun = store.Begin("new", 10, 0);
  ASSERT_EQ(begun.status, ETransferStatus::kOk);
  EXPECT_EQ(Parts(), 1U);
  for (const char* p_path : {".parts", ".parts/", "./.parts", "sub/../.parts", "sub/.parts/x"}) {
    EXPECT_EQ(store.Open(p_path).status, ETransferStatus::kNotFound) << p_path;
    EXPECT_NE(BeginStatus(p_path, 1), ETransferStatus::kOk) << p_path;
  }
}

TEST_F(CTransferStoreTest, TakesAFileUnderItsNameAtOnce) {
  const CTransferStore store = Store();
  CTransferStore::SBegun begun = store.Begin("sub/new", 10, 0);
  ASSERT_EQ(begun.status, ETransferStatus::kOk);
  CUpload& upload = *begun.p_upload;
  EXPECT_EQ(upload.Write(0, BytesOf("01234")), ETransferStatus::kOk);
  EXPECT_EQ(upload.Commit("sub/new", false), ETransferStatus::kBadOffset);
  EXPECT_EQ(upload.Write(4, BytesOf("x")), ETransferStatus::kBadOffset);
  EXPECT_EQ(upload.Write(6, BytesOf("x")), ETransferStatus::kBadOffset);
  EXPECT_EQ(upload.Write(5, BytesOf("567890")), ETransferStatus::kBadOffset) << "more than was announced";
  EXPECT_EQ(upload.Write(5, BytesOf("56789")), ETransferStatus::kOk);
  EXPECT_FALSE(fs::exists(m_folder.Path() / "root/sub/new"));
  EXPECT_EQ(upload.Commit("sub/new", false), ETransferStatus::kOk);
  EXPECT_EQ(m_folder.Read("root/sub/new"), "0123456789");
  EXPECT_EQ(Parts(), 0U);
}

TEST_F(CTransferStoreTest, ReplacesOnlyWhenTold) {
  EXPECT_EQ(BeginStatus("a.txt", 3), ETransferStatus::kExists);
  const CTransferStore store = Store();
  CTransferStore::SBegun begun = store.Begin("a.txt", 3, kPutReplace);
  ASSERT_EQ(begun.status, ETransferStatus::kOk);
  EXPECT_EQ(begun.p_upload->Write(0, BytesOf("new")), ETransferStatus::kOk);
  EXPECT_EQ(m_folder.Read("root/a.txt"), "hello");
  // One that has come meanwhile isn't overwritten either, unless that was wanted.
  EXPECT_EQ(begun.p_upload->Commit("a.txt", false), ETransferStatus::kExists);
  EXPECT_EQ(begun.p_upload->Commit("a.txt", true), ETransferStatus::kOk);
  EXPECT_EQ(m_folder.Read("root/a.txt"), "new");
}

TEST_F(CTransferStoreTest, ResumesAnUploadOfThatPathAndSize) {
  const CTransferStore store = Store();
  {
    const CTransferStore::SBegun begun = store.Begin("new", 10, 0);
    ASSERT_EQ(begun.status, ETransferStatus::kOk);
    EXPECT_EQ(begun.p_upload->Write(0, BytesOf("0123")), ETransferStatus::kOk);
    EXPECT_EQ(store.Begin("new", 10, kPutResume).status, ETransferStatus::kBusy);
  }
  {
    const CTransferStore::SBegun other = store.Begin("new", 11, kPutResume);
    ASSERT_EQ(other.status, ETransferStatus::kOk);
    EXPECT_EQ(other.p_upload->Have(), 0U);
    other.p_upload->Discard();
  }
  {
    const CTransferStore::SBegun resumed = store.Begin("new", 10, kPutResume);
    ASSERT_EQ(resumed.status, ETransferStatus::kOk);
    EXPECT_EQ(resumed.p_upload->Have(), 4U);
    EXPECT_EQ(resumed.p_upload->Write(4, BytesOf("45")), ETransferStatus::kOk);
  }
  const CTransferStore::SBegun anew = store.Begin("new", 10, 0);
  ASSERT_EQ(anew.status, ETransferStatus::kOk);
  EXPECT_EQ(anew.p_upload->Have(), 0U);
  anew.p_upload->Discard();
  EXPECT_EQ(Parts(), 0U);
}

TEST_F(CTransferStoreTest, RefusesTargetsThatCantBecomeFiles) {
  EXPECT_EQ(BeginStatus("", 1), ETransferStatus::kBadName);
  EXPECT_EQ(BeginStatus("new/", 1), ETransferStatus::kBadName);
  EXPECT_EQ(BeginStatus("sub", 1, kPutReplace), ETransferStatus::kNotAFile);
  EXPECT_EQ(BeginStatus("no/such", 1), ETransferStatus::kNotFound);
  EXPECT_EQ(BeginStatus("a.txt/x", 1), ETransferStatus::kNotFound);
  EXPECT_EQ(BeginStatus("../new", 1), ETransferStatus::kDenied);
  EXPECT_EQ(Parts(), 0U);
}

TEST_F(CTransferStoreTest, KeepsToItsQuotas) {
  EXPECT_EQ(BeginStatus("new", 1001), ETransferStatus::kTooLarge);
  m_config.max_total_bytes = 100;  // 11 are taken
  const CTransferStore store = Store();
  EXPECT_EQ(store.Begin("new", 90, 0).status, ETransferStatus::kNoSpace);
  const CTransferStore::SBegun begun = store.Begin("new", 80, 0);
  EXPECT_EQ(begun.status, ETransferStatus::kOk);
  EXPECT_EQ(store.Begin("other", 10, 0).status, ETransferStatus::kNoSpace) << "what was announced counts";
  EXPECT_EQ(store.Begin("other", 9, 0).status, ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, AnEmptyFileIsNotFree) {
  m_config.max_total_bytes = 14;  // 11 are taken
  const CTransferStore store = Store();
  for (const char* const p_path : {"a", "b", "c"}) {
    CTransferStore::SBegun begun = store.Begin(p_path, 0, 0);
    ASSERT_EQ(begun.status, ETransferStatus::kOk) << p_path;
    EXPECT_EQ(begun.p_upload->Commit(p_path, false), ETransferStatus::kOk);
  }
  EXPECT_EQ(store.Begin("d", 0, 0).status, ETransferStatus::kNoSpace);
}

TEST_F(CTransferStoreTest, ANameThatNoFileCanHaveIsRefusedAtOnce) {
  EXPECT_EQ(BeginStatus(std::string(256, 'n'), 1), ETransferStatus::kBadName);
  EXPECT_EQ(BeginStatus(std::string(255, 'n'), 1), ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, CountsOtherFoldersOfThatNameToo) {
  m_folder.Write("root/sub/.parts/c.txt", std::string(50, 'x'));
  m_config.max_total_bytes = 100;  // 61 are taken
  EXPECT_EQ(BeginStatus("new", 40), ETransferStatus::kNoSpace);
  EXPECT_EQ(BeginStatus("new", 39), ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, WhatCantBeAddedUpIsAnError) {
  std::string deep = "root";
  for (int i = 0; i < 20; ++i) deep += "/d";
  m_folder.Write(deep + "/file", "deep");
  m_config.max_total_bytes = 100;
  const CTransferStore store = Store();
  {
    const CFewDescriptors few(8);
    EXPECT_EQ(store.Begin("new", 10, 0).status, ETransferStatus::kIoError);
  }
  EXPECT_EQ(store.Begin("new", 10, 0).status, ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, WithoutDescriptorsItSaysSo) {
  const CTransferStore store = Store();
  const CFewDescriptors few(1);  // that of the part
  EXPECT_EQ(store.Begin("new", 10, 0).status, ETransferStatus::kTooManyOpen);
}

TEST_F(CTransferStoreTest, AResumedPartOutlivesALackOfRoom) {
  m_config.max_file_bytes = UINT64_MAX;
  constexpr uint64_t kSize = 1ULL << 63;  // no file system can reserve that
  EXPECT_EQ(BeginStatus("new", kSize), ETransferStatus::kIoError);
  EXPECT_EQ(Parts(), 0U);
  const std::string part = fmt::format("root/.parts/{}-{}", CDigest::Hex(CDigest::Sha256Of(BytesOf("new"))), kSize);
  m_folder.Write(part, "0123");
  EXPECT_EQ(BeginStatus("new", kSize, kPutResume), ETransferStatus::kIoError);
  EXPECT_EQ(m_folder.Read(part), "0123");
}

TEST_F(CTransferStoreTest, OnlySoManyWaitUntilAllIsAddedUp) {
  m_config.max_total_bytes = 100;
  const CTransferStore store = Store(1);
  CFd walker(::open((m_folder.Path() / "root" / CTransferStore::kParts).c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(walker.Get(), LOCK_EX), 0);
  std::promise<ETransferStatus> first;
  std::atomic<bool> isFirst{true};
  std::atomic<int> good{0};
  const auto begin = [&](const char* p_path) {
    const ETransferStatus status = store.Begin(p_path, 10, 0).status;
    if (status == ETransferStatus::kOk) ++good;
    if (isFirst.exchange(false)) first.set_value(status);
  };
  std::thread one(begin, "one");
  std::thread two(begin, "two");
  EXPECT_EQ(first.get_future().get(), ETransferStatus::kBusy);
  walker.Reset();
  one.join();
  two.join();
  EXPECT_EQ(good, 1);
}

TEST_F(CTransferStoreTest, IsReadOnlyByDefault) {
  EXPECT_FALSE(STransferConfig().writable);
  EXPECT_TRUE(STransferConfig().root.empty());
  m_config.writable = false;
  EXPECT_EQ(BeginStatus("new", 1), ETransferStatus::kReadOnly);
  EXPECT_FALSE(fs::exists(m_folder.Path() / "root" / CTransferStore::kParts));
}

TEST_F(CTransferStoreTest, RemovesWhatIsOldAndNobodys) {
  m_config.keep = std::chrono::hours(1);
  const CTransferStore store = Store();
  const CTransferStore::SBegun held = store.Begin("held", 10, 0);
  store.Begin("gone", 10, 0);
  store.Begin("young", 10, 0);
  m_folder.Write("root/.parts/not-a-part", "");
  EXPECT_EQ(Parts(), 4U);
  store.RemoveAbandoned();
  EXPECT_EQ(Parts(), 4U) << "all are young";
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(2);
  for (const auto& entry : fs::directory_iterator(m_folder.Path() / "root/.parts")) fs::last_write_time(entry, old);
  const CTransferStore::SBegun touched = store.Begin("young", 10, kPutResume);
  EXPECT_EQ(touched.p_upload->Write(0, BytesOf("x")), ETransferStatus::kOk);
  store.RemoveAbandoned();
  EXPECT_EQ(Parts(), 3U) << "gone is; held and young are held, and not-a-part is somebody else's";
}

TEST_F(CTransferStoreTest, RefusesARootThatIsNone) {
  m_config.root = (m_folder.Path() / "nothing").string();
  EXPECT_THROW(Store(), std::system_error);
  m_config.root = (m_folder.Path() / "canary").string();
  EXPECT_THROW(Store(), std::system_error);
}

TEST(TransferStatusTest, NamesEachStatusOnce) {
  std::set<std::string> names;
  for (uint16_t status = 0; status <= static_cast<uint16_t>(ETransferStatus::kIoError); ++status) {
    EXPECT_TRUE(names.insert(ToString(static_cast<ETransferStatus>(status))).second) << status;
  }
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_STREQ(ToString(static_cast<ETransferStatus>(999)), "unknown");
}

}  // namespace
}  // namespace switchboard
