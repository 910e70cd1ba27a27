#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "logic/transfer/CDirectoryPager.h"
#include "logic/transfer/CFileHash.h"
#include "logic/transfer/CTransferPlaces.h"
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

// What one session has open, by handle; never more than one session, its address, and all of a worker together, may
// have.
// Threads: one at a time; `places` are shared.
class COpenTransfers {
 public:
  // `places` are those of all sessions, and outlive this.
  COpenTransfers(uint32_t most, const CTransferPlaces::SLimits& limits, CTransferPlaces& places,
                 const TransferPeer& peer)
      : m_most(most), m_limits(limits), m_places(places), m_peer(peer) {}
  ~COpenTransfers() { m_places.Give(m_peer, static_cast<uint32_t>(m_open.size())); }
  COpenTransfers(const COpenTransfers&) = delete;
  COpenTransfers& operator=(const COpenTransfers&) = delete;

  // Makes room for one more. Returns its handle, never one that the session had before; 0 when that would be too many.
  uint32_t Add();
  // nullptr when there is no such handle.
  SOpenTransfer* Find(uint32_t handle);
  void Remove(uint32_t handle);

 private:
  const uint32_t m_most;
  const CTransferPlaces::SLimits m_limits;
  CTransferPlaces& m_places;
  const TransferPeer m_peer;
  uint32_t m_lastHandle = 0;
  std::map<uint32_t, SOpenTransfer> m_open;
};

}  // namespace switchboard
