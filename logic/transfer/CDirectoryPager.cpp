#include "logic/transfer/CDirectoryPager.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include "logic/transfer/TransferStatus.h"

namespace switchboard {

CDirectoryPager::CDirectoryPager(CFd directory, std::string hiddenName)
    : m_p_directory(::fdopendir(directory.Get())), m_hiddenName(std::move(hiddenName)) {
  if (m_p_directory == nullptr) throw std::system_error(errno, std::generic_category(), "fdopendir");
  directory.Release();
}

const dirent* CDirectoryPager::Read() {
  for (;;) {
    errno = 0;
    const dirent* p_entry = ::readdir(m_p_directory.get());
    if (p_entry == nullptr) return nullptr;
    const std::string_view name = p_entry->d_name;
    if (name != "." && name != ".." && name != m_hiddenName) return p_entry;
  }
}

CDirectoryPager::SPage CDirectoryPager::Next(std::span<std::byte> room) {
  SPage page;
  for (;;) {
    if (m_pending.empty()) {
      const dirent* p_entry = Read();
      if (p_entry == nullptr && errno != 0) page.status = StatusOf(CFileRoot::ErrorOf(errno));
      if (p_entry == nullptr) return page;
      m_pending = p_entry->d_name;
    }
    const std::string& name = m_pending;
    if (page.bytes + sizeof(SListEntry) + name.size() > room.size()) return page;
    struct stat status {};
    // One that has vanished meanwhile is left out.
    if (::fstatat(::dirfd(m_p_directory.get()), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
      SListEntry entry{};
      const SStatReply stat = StatReplyOf(status);
      entry.kind = stat.kind;
      entry.size = stat.size;
      entry.modified = stat.modified;
      entry.nameBytes = static_cast<uint8_t>(name.size());
      std::memcpy(room.data() + page.bytes, &entry, sizeof(entry));
      std::memcpy(room.data() + page.bytes + sizeof(entry), name.data(), name.size());
      page.bytes += sizeof(entry) + name.size();
      ++page.entries;
    }
    m_pending.clear();
  }
}

}  // namespace switchboard
