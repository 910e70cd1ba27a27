#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "logic/transfer/CDirectoryPager.h"
#include "logic/transfer/CFileHash.h"
#include "logic/transfer/CUpload.h"
#include "misc/file/CFd.h"

namespace switchboard {

// One thing that a client has open: a file that it gets, a directory that it lists, or a file that it puts.
struct SOpenTransfer {
  CFd fd;  // of a file to get
  uint64_t size = 0;
  std::unique_ptr<CDirectoryPager> p_pager;
  std::unique_ptr<CUpload> p_upload;
  std::string path;  // of the upload
  bool isReplacing = false;
  std::optional<CFileHash> hash;
};

// What one session has open, by handle; never more than one session, and all of a worker together, may have.
// Threads: one at a time; `total` is shared.
class COpenTransfers {
 public:
  // `total` counts those of all sessions, and outlives this.
  COpenTransfers(uint32_t most, uint32_t mostTotal, std::atomic<uint32_t>& total)
      : m_most(most), m_mostTotal(mostTotal), m_total(total) {}
  ~COpenTransfers() { m_total.fetch_sub(static_cast<uint32_t>(m_open.size()), std::memory_order_relaxed); }
  COpenTransfers(const COpenTransfers&) = delete;
  COpenTransfers& operator=(const COpenTransfers&) = delete;

  // Makes room for one more. Returns its handle, never one that the session had before; 0 when that would be too many.
  uint32_t Add();
  // nullptr when there is no such handle.
  SOpenTransfer* Find(uint32_t handle);
  void Remove(uint32_t handle);

 private:
  const uint32_t m_most;
  const uint32_t m_mostTotal;
  std::atomic<uint32_t>& m_total;
  uint32_t m_lastHandle = 0;
  std::map<uint32_t, SOpenTransfer> m_open;
};

}  // namespace switchboard
