#include "logic/transfer/CDirectoryPager.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

CFd OpenDirectory(const fs::path& path) { return CFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

// All pages of a room of `bytes`; adds how many there were.
std::map<std::string, SListEntry> AllOf(CDirectoryPager& pager, size_t bytes, uint32_t& pages) {
  std::map<std::string, SListEntry> all;
  std::vector<std::byte> room(bytes);
  for (;; ++pages) {
    const CDirectoryPager::SPage page = pager.Next(room);
    EXPECT_EQ(page.status, ETransferStatus::kOk);
    if (page.entries == 0) return all;
    size_t at = 0;
    for (uint32_t i = 0; i < page.entries; ++i) {
      SListEntry entry{};
      std::memcpy(&entry, room.data() + at, sizeof(entry));
      at += sizeof(entry);
      const std::string name(reinterpret_cast<const char*>(room.data() + at), entry.nameBytes);
      at += entry.nameBytes;
      EXPECT_TRUE(all.emplace(name, entry).second) << name;
    }
    EXPECT_EQ(at, page.bytes);
  }
}

TEST(CDirectoryPagerTest, ListsEachOnceInPagesThatFit) {
  const CTemporaryFolder folder;
  for (int i = 0; i < 100; ++i) folder.Write("name-" + std::to_string(i), std::string(static_cast<size_t>(i), 'x'));
  folder.Write("hidden/file", "");
  folder.Write("sub/file", "");
  fs::create_symlink("sub", folder.Path() / "link");
  folder.Write(std::string(255, 'n'), "longest");
  CDirectoryPager pager(OpenDirectory(folder.Path()), "hidden");
  uint32_t pages = 0;
  const auto all = AllOf(pager, 512, pages);
  EXPECT_EQ(all.size(), 103U);
  EXPECT_GE(pages, 103 * (sizeof(SListEntry) + 7) / 512);
  EXPECT_EQ(all.at("name-42").size, 42U);
  EXPECT_EQ(all.at("name-42").kind, static_cast<uint8_t>(EFileKind::kFile));
  EXPECT_EQ(all.at("sub").kind, static_cast<uint8_t>(EFileKind::kDirectory));
  EXPECT_EQ(all.at("sub").size, 0U);
  EXPECT_EQ(all.at("link").kind, static_cast<uint8_t>(EFileKind::kOther)) << "a link is not followed";
  EXPECT_EQ(all.at(std::string(255, 'n')).size, 7U);
  EXPECT_FALSE(all.contains("hidden"));
}

TEST(CDirectoryPagerTest, AnEmptyOneEndsAtOnceAndStaysAtItsEnd) {
  const CTemporaryFolder folder;
  CDirectoryPager pager(OpenDirectory(folder.Path()), "hidden");
  uint32_t pages = 0;
  EXPECT_TRUE(AllOf(pager, 512, pages).empty());
  EXPECT_TRUE(AllOf(pager, 512, pages).empty());
  EXPECT_EQ(pages, 0U);
}

TEST(CDirectoryPagerTest, RefusesWhatIsNoDirectory) {
  const CTemporaryFolder folder;
  folder.Write("file", "");
  EXPECT_THROW(CDirectoryPager(CFd(::open((folder.Path() / "file").c_str(), O_RDONLY | O_CLOEXEC)), ""),
               std::system_error);
}

}  // namespace
}  // namespace switchboard
