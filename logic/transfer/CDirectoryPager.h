#pragma once

#include <dirent.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "logic/transfer/TransferMessages.h"
#include "misc/file/CFd.h"

namespace switchboard {

// The entries of a directory, a page at a time, in the order of the file system; the memory it takes is that of a page,
// however many entries there are.
// Threads: one owner at a time; Next blocks on the disk.
class CDirectoryPager {
 public:
  // `hiddenName` isn't listed, nor are . and ... Throws std::system_error.
  CDirectoryPager(CFd directory, std::string hiddenName);

  struct SPage {
    ETransferStatus status = ETransferStatus::kOk;
    uint16_t entries = 0;  // 0: there are no more
    size_t bytes = 0;
  };
  // Writes SListEntry and name, back to back, for as many entries as fit into `room`, which has at least 512 bytes.
  SPage Next(std::span<std::byte> room);

 private:
  struct SClose {
    void operator()(DIR* p_directory) const { ::closedir(p_directory); }
  };
  // The next one to be listed; nullptr at the end, and, with errno set, after an error.
  const dirent* Read();

  std::unique_ptr<DIR, SClose> m_p_directory;
  const std::string m_hiddenName;
  std::string m_pending;  // had no room in the last page
};

}  // namespace switchboard
