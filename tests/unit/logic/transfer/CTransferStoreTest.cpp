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
#include "misc/CLimitedLog.h"
#include "misc/file/CFd.h"
#include "testing/CFakeClock.h"
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
  CTransferStoreTest() : m_plainLog((m_folder.Path() / "log").string(), ELogLevel::kInfo) {
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
    return static_cast<size_t>(
        std::count_if(begin(parts), end(parts), [](const auto& entry) { return entry.path().filename() != "ledger"; }));
  }
  // What is begun stays unfinished, and is nobody's.
  static void Abandon(const CTransferStore& store, const std::string& path, uint64_t size, const TransferPeer& peer) {
    ASSERT_EQ(store.Begin(path, size, 0, peer).status, ETransferStatus::kOk) << path;
  }
  static void Finish(const CTransferStore& store, const std::string& path, const std::string& content,
                     uint8_t flags = 0) {
    CTransferStore::SBegun begun = store.Begin(path, content.size(), flags);
    ASSERT_EQ(begun.status, ETransferStatus::kOk) << path;
    ASSERT_EQ(begun.p_upload->Write(0, BytesOf(content)), ETransferStatus::kOk);
    ASSERT_EQ(begun.p_upload->Commit(path, (flags & kPutReplace) != 0), ETransferStatus::kOk);
  }
  // Has all that is there counted, however lately that was done.
  static void Count(const CTransferStore& store) { store.Count(std::chrono::nanoseconds(0), std::atomic<bool>(false)); }
  // Nobody else can enter anything for as long as this lives.
  CFd HoldLedger() const {
    CFd lock(::open((m_folder.Path() / "root" / CTransferStore::kParts).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(::flock(lock.Get(), LOCK_EX), 0);
    return lock;
  }
  ETransferStatus BeginStatus(std::string_view path, uint64_t size, uint8_t flags = 0) {
    return Store().Begin(path, size, flags).status;
  }

  CTemporaryFolder m_folder;
  CLog m_plainLog;
  CFakeClock m_clock;
  CLimitedLog m_log{m_plainLog, m_clock, [] {}};
  STransferConfig m_config;
  const TransferPeer m_alice{1};
  const TransferPeer m_bob{2};
  const TransferPeer m_carol{3};
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
    const CFewDescriptors few(10);
    EXPECT_EQ(store.Begin("new", 10, 0).status, ETransferStatus::kIoError);
  }
  EXPECT_EQ(store.Begin("new", 10, 0).status, ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, WithoutDescriptorsItSaysSo) {
  const CTransferStore store = Store();
  const CFewDescriptors few(1);  // that of the lock
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

TEST_F(CTransferStoreTest, OnlySoManyWaitForTheLedger) {
  m_config.max_total_bytes = 100;
  const CTransferStore store = Store(1);
  CFd holder = HoldLedger();
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
  holder.Reset();
  one.join();
  two.join();
  EXPECT_EQ(good, 1);
}

// Nothing is counted anew for a Put: what it costs doesn't depend on what lies there.
TEST_F(CTransferStoreTest, WhatIsMadeByHandIsKnownAfterTheNextCount) {
  m_config.max_total_bytes = 100;  // 11 are taken
  const CTransferStore store = Store();
  Finish(store, "new", "0123456789");
  for (int i = 0; i < 100; ++i) m_folder.Write("root/by-hand" + std::to_string(i), "x");
  EXPECT_EQ(store.Begin("other", 10, 0).status, ETransferStatus::kOk);
  Count(store);
  EXPECT_EQ(store.Begin("other", 11, 0).status, ETransferStatus::kNoSpace);
  fs::remove_all(m_folder.Path() / "root/sub");
  for (int i = 0; i < 100; ++i) fs::remove(m_folder.Path() / "root" / ("by-hand" + std::to_string(i)));
  EXPECT_EQ(store.Begin("other", 11, 0).status, ETransferStatus::kNoSpace);
  Count(store);
  EXPECT_EQ(store.Begin("other", 85, 0).status, ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, ACountThatIsYoungIsNotRepeated) {
  m_config.max_total_bytes = 100;
  const CTransferStore store = Store();
  Finish(store, "new", "0123456789");
  m_folder.Write("root/by-hand", std::string(79, 'x'));
  store.Count(std::chrono::hours(1), std::atomic<bool>(false));
  EXPECT_EQ(store.Begin("other", 1, 0).status, ETransferStatus::kOk);
  Count(store);
  EXPECT_EQ(store.Begin("other", 1, 0).status, ETransferStatus::kNoSpace);
}

TEST_F(CTransferStoreTest, FilesAreCountedAsWellAsBytes) {
  m_config.max_total_files = 4;  // 2 are there
  const CTransferStore store = Store();
  Finish(store, "empty", "");
  {
    const CTransferStore::SBegun begun = store.Begin("held", 0, 0);
    ASSERT_EQ(begun.status, ETransferStatus::kOk);
    EXPECT_EQ(store.Begin("more", 0, 0).status, ETransferStatus::kNoSpace) << "an unfinished one counts";
  }
  Finish(store, "held", "");
  EXPECT_EQ(store.Begin("more", 0, 0).status, ETransferStatus::kNoSpace);
}

TEST_F(CTransferStoreTest, WhatIsReplacedCountsNoMore) {
  m_config.max_total_bytes = 61;  // 11 are taken
  const CTransferStore store = Store();
  Finish(store, "file", std::string(30, 'x'));
  Finish(store, "file", std::string(20, 'x'), kPutReplace);
  EXPECT_EQ(store.Begin("other", 31, 0).status, ETransferStatus::kNoSpace);
  EXPECT_EQ(store.Begin("other", 30, 0).status, ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, AllWorkersShareOneTotal) {
  m_config.max_total_bytes = 100;  // 11 are taken
  const CTransferStore one = Store();
  const CTransferStore two = Store();
  const CTransferStore::SBegun begun = one.Begin("one", 50, 0);
  ASSERT_EQ(begun.status, ETransferStatus::kOk);
  EXPECT_EQ(two.Begin("two", 40, 0).status, ETransferStatus::kNoSpace);
  Finish(two, "two", std::string(39, 'x'));
  EXPECT_EQ(Store().Begin("three", 1, 0).status, ETransferStatus::kNoSpace) << "nor does a new worker begin anew";
}

TEST_F(CTransferStoreTest, ACommitWaitsForNobodyAndCountsAllTheSame) {
  m_config.max_total_bytes = 62;  // 11 are taken
  const CTransferStore store = Store();
  CTransferStore::SBegun begun = store.Begin("file", 50, 0);
  ASSERT_EQ(begun.status, ETransferStatus::kOk);
  EXPECT_EQ(begun.p_upload->Write(0, BytesOf(std::string(50, 'x'))), ETransferStatus::kOk);
  {
    const CFd holder = HoldLedger();
    EXPECT_EQ(begun.p_upload->Commit("file", false), ETransferStatus::kOk);
  }
  EXPECT_EQ(store.Begin("other", 2, 0).status, ETransferStatus::kNoSpace);
  begun.p_upload.reset();
  Finish(store, "file", "x", kPutReplace);
  EXPECT_EQ(store.Begin("other", 50, 0).status, ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, AnAddressHasAShareOfTheBytes) {
  m_config.max_peer_bytes = 100;
  const CTransferStore store = Store();
  const CTransferStore::SBegun large = store.Begin("large", 900, 0, m_alice);
  EXPECT_EQ(large.status, ETransferStatus::kOk) << "one may always come";
  EXPECT_EQ(store.Begin("more", 1, 0, m_alice).status, ETransferStatus::kNoSpace);
  const CTransferStore::SBegun first = store.Begin("first", 60, 0, m_bob);
  EXPECT_EQ(first.status, ETransferStatus::kOk);
  EXPECT_EQ(store.Begin("second", 41, 0, m_bob).status, ETransferStatus::kNoSpace);
  EXPECT_EQ(store.Begin("second", 40, 0, m_bob).status, ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, AnAddressHasAShareOfThePartsAndItsOldestGoFirst) {
  m_config.max_peer_parts = 3;
  const CTransferStore store = Store();
  std::vector<CTransferStore::SBegun> held;
  for (const char* const p_path : {"a", "b", "c"}) held.push_back(store.Begin(p_path, 1, 0, m_alice));
  EXPECT_EQ(store.Begin("d", 1, 0, m_alice).status, ETransferStatus::kTooManyOpen) << "all of them are being written";
  EXPECT_EQ(store.Begin("d", 1, 0, m_bob).status, ETransferStatus::kOk);
  EXPECT_EQ(store.Begin("b", 1, kPutResume, m_alice).status, ETransferStatus::kBusy) << "no further one";
  EXPECT_EQ(held[1].p_upload->Write(0, BytesOf("b")), ETransferStatus::kOk);
  held.clear();
  for (int i = 0; i < 100; ++i) Abandon(store, "abandoned" + std::to_string(i), 1, m_alice);
  EXPECT_EQ(Parts(), 4U) << "three of hers and one of another's";
  EXPECT_EQ(store.Begin("d", 1, kPutResume, m_bob).status, ETransferStatus::kOk);
}

// Ten Puts that announce all that there is, and leave.
TEST_F(CTransferStoreTest, WhatIsAbandonedStandsInNobodysWay) {
  m_config.max_total_bytes = 1011;  // 11 are taken
  const CTransferStore store = Store();
  for (int i = 0; i < 10; ++i) Abandon(store, "greedy" + std::to_string(i), 100, m_alice);
  const CTransferStore::SBegun begun = store.Begin("modest", 250, 0, m_bob);
  EXPECT_EQ(begun.status, ETransferStatus::kOk);
  EXPECT_EQ(Parts(), 8U) << "no more are removed than must be";
  EXPECT_FALSE(fs::exists(m_folder.Path() / "root" / SPartName::Of("greedy2", 100).Path()));
  EXPECT_TRUE(fs::exists(m_folder.Path() / "root" / SPartName::Of("greedy3", 100).Path())) << "the oldest go first";
}

TEST_F(CTransferStoreTest, NobodyLosesAPartToWhoWouldHaveMore) {
  m_config.max_total_bytes = 311;  // 11 are taken
  const CTransferStore store = Store();
  Abandon(store, "modest", 100, m_alice);
  Abandon(store, "larger", 150, m_bob);
  EXPECT_EQ(store.Begin("greedy", 160, 0, m_carol).status, ETransferStatus::kNoSpace);
  EXPECT_EQ(Parts(), 2U);
  EXPECT_EQ(store.Begin("fair", 120, 0, m_carol).status, ETransferStatus::kOk);
  EXPECT_TRUE(fs::exists(m_folder.Path() / "root" / SPartName::Of("modest", 100).Path()));
}

TEST_F(CTransferStoreTest, WhereNoRoomCanBeMadeNothingIsRemoved) {
  m_config.max_total_bytes = 111;  // 11 are taken
  const CTransferStore store = Store();
  Abandon(store, "part", 100, m_alice);
  EXPECT_EQ(store.Begin("too-large", 101, 0, m_alice).status, ETransferStatus::kNoSpace);
  EXPECT_EQ(Parts(), 1U);
}

TEST_F(CTransferStoreTest, AllPartsTogetherAreBounded) {
  m_config.max_parts = 10;
  const CTransferStore store = Store();
  for (uint8_t i = 0; i < 200; ++i) Abandon(store, "part" + std::to_string(i), 1, TransferPeer{i});
  EXPECT_EQ(Parts(), 10U);
}

TEST_F(CTransferStoreTest, ALedgerThatIsDamagedOrGoneIsMadeAnew) {
  m_config.max_total_bytes = 61;  // 11 are taken
  const CTransferStore store = Store();
  const CTransferStore::SBegun begun = store.Begin("part", 30, 0);
  for (const bool isGone : {false, true}) {
    const fs::path ledger = m_folder.Path() / "root/.parts/ledger";
    ASSERT_TRUE(fs::exists(ledger));
    m_folder.Write("root/.parts/ledger", "no ledger at all, and longer than its header");
    if (isGone) fs::remove(ledger);
    store.Sweep();
    EXPECT_EQ(store.Begin("other", 21, 0).status, ETransferStatus::kNoSpace) << isGone;
    EXPECT_EQ(store.Begin("other", 20, 0).status, ETransferStatus::kOk) << isGone;
  }
}

// As after the death of a worker between its steps.
TEST_F(CTransferStoreTest, AnEntryWithoutAPartIsForgotten) {
  m_config.max_total_bytes = 61;  // 11 are taken
  const CTransferStore store = Store();
  Abandon(store, "part", 30, m_alice);
  fs::remove(m_folder.Path() / "root" / SPartName::Of("part", 30).Path());
  store.Sweep();
  EXPECT_EQ(store.Begin("other", 50, 0).status, ETransferStatus::kOk);
}

TEST_F(CTransferStoreTest, MorePartsThanThereMayBeAreFoundAndRemoved) {
  m_config.max_parts = 5;
  const CTransferStore store = Store();
  for (int i = 0; i < 20; ++i) {
    m_folder.Write("root/" + SPartName::Of("left" + std::to_string(i), 7).Path(), "left");
  }
  store.Sweep();
  EXPECT_EQ(Parts(), 5U);
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
  store.Sweep();
  EXPECT_EQ(Parts(), 4U) << "all are young";
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(2);
  for (const auto& entry : fs::directory_iterator(m_folder.Path() / "root/.parts")) fs::last_write_time(entry, old);
  const CTransferStore::SBegun touched = store.Begin("young", 10, kPutResume);
  EXPECT_EQ(touched.p_upload->Write(0, BytesOf("x")), ETransferStatus::kOk);
  store.Sweep();
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
