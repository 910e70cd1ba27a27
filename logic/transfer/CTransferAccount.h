#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "logic/transfer/CTransferLedger.h"
#include "logic/transfer/STransferConfig.h"
#include "logic/transfer/TransferMessages.h"
#include "misc/CLimitedLog.h"
#include "misc/file/CFileRoot.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

// Says who may put how much more beneath transfer.root: keeps the ledger, and makes room in it by removing what was
// abandoned. Of what is in the way, the part that was begun first goes first: within a peer's own share one of its own;
// within what all have together one of the peer that has announced the most, and never one of a peer that has less than
// the newcomer would have then. What somebody writes stays.
// Threads: any; the calls block on the disk.
class CTransferAccount {
 public:
  // What is given outlives it. Never more than `mostAdmitting` calls of Admit wait for each other.
  CTransferAccount(const STransferConfig& config, uint32_t mostAdmitting, const CFileRoot& files, CLimitedLog& log)
      : m_config(config), m_mostAdmitting(mostAdmitting), m_files(files), m_log(log) {}

  // Enters an upload that `peer` begins or goes on with. `open` opens and locks its part, and is called when there is
  // room: its status is this one's, and unless that is kOk nothing has changed. Else kBusy when too many ask,
  // kTooManyOpen or kNoSpace when it would be too much, kIoError when that can't be found out.
  ETransferStatus Admit(const SPartName& name, const TransferPeer& peer, const std::function<ETransferStatus()>& open);
  // A part has got its name, and replaced a file of so many bytes; or it was removed. These don't wait for others.
  void NoteFinished(const SPartName& name, std::optional<uint64_t> replacedBytes);
  void NoteRemoved(const SPartName& name);

  // Removes the parts that were not written to for transfer.keep_s and that nobody holds, and enters those that it
  // doesn't know of.
  void Sweep();
  // Counts what is there, unless somebody does or has done so less than `age` ago: what was changed by hand, or by a
  // worker that died over it, is known then. A file that is put meanwhile may count twice until the next time.
  void Count(std::chrono::nanoseconds age, const std::atomic<bool>& isStopping);

 private:
  // What a peer, or all, have on their way.
  struct SLoad {
    uint64_t parts = 0;
    uint64_t bytes = 0;
    void Add(const SPartName& name);
  };
  enum class ELack : uint8_t { kNone, kPeerParts, kPeerBytes, kParts, kBytes, kFiles };
  struct SChange {
    SPartName name;
    int64_t files = 0;
    int64_t bytes = 0;
  };

  bool IsCounting() const { return m_config.max_total_bytes > 0 || m_config.max_total_files > 0; }
  void Note(const SChange& change);
  void Enter(CTransferLedger& ledger);
  ETransferStatus MakeRoom(CTransferLedger& ledger, const SPartName& name, const TransferPeer& peer);
  // What a newcomer lacks, if all and its peer have these.
  ELack LackOf(const SLedgerTotal& total, const SLoad& all, const SLoad& peers, const SPartName& name) const;
  // Tries `tries` parts at most, and takes them off. False when none could be removed.
  bool RemoveOne(CTransferLedger& ledger, const SLedgerPart& newcomer, ELack lack, int& tries);
  // False when somebody holds it.
  bool Remove(CTransferLedger& ledger, const SPartName& name, const char* p_why);
  bool IsOld(const SPartName& name) const;

  const STransferConfig& m_config;
  const uint32_t m_mostAdmitting;
  const CFileRoot& m_files;
  CLimitedLog& m_log;
  std::atomic<uint32_t> m_admitting{0};

  CMutex m_mutex;
  std::vector<SChange> m_changes GUARDED_BY(m_mutex);  // that are not in the ledger yet, because others had it
};

}  // namespace switchboard
