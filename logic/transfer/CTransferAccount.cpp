#include "logic/transfer/CTransferAccount.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "logic/transfer/SumBeneath.h"
#include "logic/transfer/TransferStatus.h"

namespace switchboard {

namespace {

constexpr size_t kMostListed = 1'000'000;  // parts that one sweep looks at
constexpr size_t kMostChanges = 256;       // that may wait to be entered; then who brings more waits
constexpr int kMostTries = 16;             // parts that one newcomer may have tried to be removed

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t NanosecondsOf(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

bool LockAtOnce(const CFd& file) { return ::flock(file.Get(), LOCK_EX | LOCK_NB) == 0; }

// One of `most` places, for as long as it lives; those that are taken are counted in `taken`.
// Threads: one; `taken` is shared.
class CPlace {
 public:
  CPlace(std::atomic<uint32_t>& taken, uint32_t most)
      : m_taken(taken), m_isFree(taken.fetch_add(1, std::memory_order_relaxed) < most) {}
  ~CPlace() { m_taken.fetch_sub(1, std::memory_order_relaxed); }
  CPlace(const CPlace&) = delete;
  CPlace& operator=(const CPlace&) = delete;

  // False when there was none left.
  bool IsFree() const { return m_isFree; }

 private:
  std::atomic<uint32_t>& m_taken;
  const bool m_isFree;
};

}  // namespace

void CTransferAccount::SLoad::Add(const SPartName& name) {
  ++parts;
  bytes += name.Weight();
}

ETransferStatus CTransferAccount::Admit(const SPartName& name, const TransferPeer& peer,
                                        const std::function<ETransferStatus()>& open) {
  const CPlace place(m_admitting, m_mostAdmitting);
  if (!place.IsFree()) return ETransferStatus::kBusy;
  CTransferLedger ledger(m_files, CTransferLedger::EPatience::kWait);
  if (ledger.Error() != EFileError::kNone) return StatusOf(ledger.Error());
  Enter(ledger);
  if (const ETransferStatus status = MakeRoom(ledger, name, peer); status != ETransferStatus::kOk) return status;
  const SLedgerPart* const p_before = ledger.Find(name);
  const std::optional<SLedgerPart> before = p_before != nullptr ? std::optional(*p_before) : std::nullopt;
  // The ledger first: what is in it and not on the disk is found out, but not the other way round.
  if (!ledger.Put({name, peer, Now()})) return ETransferStatus::kNoSpace;
  const ETransferStatus status = open();
  if (status == ETransferStatus::kOk) return status;
  if (before) {
    ledger.Put(*before);
  } else {
    ledger.Remove(name);
  }
  return status;
}

ETransferStatus CTransferAccount::MakeRoom(CTransferLedger& ledger, const SPartName& name, const TransferPeer& peer) {
  if (IsCounting() && ledger.Total().countedAt == 0) {
    // Only this once, for a root that is new to the server: the others wait for it.
    const SOpenedFile root = m_files.OpenDirectory("");
    if (root.error != EFileError::kNone) return StatusOf(root.error);
    const std::optional<STreeSum> sum = SumBeneath(root.fd, kPartsFolder, std::atomic<bool>(false));
    if (!sum) return ETransferStatus::kIoError;
    ledger.SetTotal({sum->files, sum->bytes, Now()});
  }
  const auto statusOf = [](ELack lack) {
    const bool isOfNumber = lack == ELack::kPeerParts || lack == ELack::kParts;
    return isOfNumber ? ETransferStatus::kTooManyOpen : ETransferStatus::kNoSpace;
  };
  // Where nothing that could be removed would help, nothing is.
  ELack lack = LackOf(ledger.Total(), {}, {}, name);
  if (lack != ELack::kNone) return statusOf(lack);
  for (int tries = kMostTries;;) {
    SLoad all;
    SLoad peers;
    for (const SLedgerPart& part : ledger.Parts()) {
      if (part.begunAt == 0 || part.name == name) continue;
      all.Add(part.name);
      if (part.peer == peer) peers.Add(part.name);
    }
    lack = LackOf(ledger.Total(), all, peers, name);
    if (lack == ELack::kNone) return ETransferStatus::kOk;
    if (!RemoveOne(ledger, {name, peer, 0}, lack, tries)) return statusOf(lack);
  }
}

CTransferAccount::ELack CTransferAccount::LackOf(const SLedgerTotal& total, const SLoad& all, const SLoad& peers,
                                                 const SPartName& name) const {
  const uint64_t weight = name.Weight();
  if (peers.parts >= m_config.max_peer_parts) return ELack::kPeerParts;
  // However large, one may be on its way.
  const bool isBounded = m_config.max_peer_bytes > 0 && peers.parts > 0;
  if (isBounded && peers.bytes + weight > m_config.max_peer_bytes) return ELack::kPeerBytes;
  if (all.parts >= m_config.max_parts) return ELack::kParts;
  const uint64_t most = m_config.max_total_bytes;
  if (most > 0 && total.bytes + all.bytes + weight > most) return ELack::kBytes;
  const uint64_t mostFiles = m_config.max_total_files;
  if (mostFiles > 0 && total.files + all.parts + 1 > mostFiles) return ELack::kFiles;
  return ELack::kNone;
}

bool CTransferAccount::RemoveOne(CTransferLedger& ledger, const SLedgerPart& newcomer, ELack lack, int& tries) {
  const bool isOwn = lack == ELack::kPeerParts || lack == ELack::kPeerBytes;
  std::map<TransferPeer, uint64_t> loads;
  const auto weightOf = [lack](const SPartName& name) { return lack == ELack::kBytes ? name.Weight() : uint64_t{1}; };
  std::vector<SLedgerPart> parts;
  for (const SLedgerPart& part : ledger.Parts()) {
    if (part.begunAt == 0 || part.name == newcomer.name || (isOwn && part.peer != newcomer.peer)) continue;
    loads[part.peer] += weightOf(part.name);
    parts.push_back(part);
  }
  const uint64_t newcomers = (loads[newcomer.peer] += weightOf(newcomer.name));
  std::erase_if(parts, [&](const SLedgerPart& part) { return loads[part.peer] < newcomers; });
  std::sort(parts.begin(), parts.end(), [&](const SLedgerPart& a, const SLedgerPart& b) {
    const uint64_t loadOfA = loads[a.peer];
    const uint64_t loadOfB = loads[b.peer];
    return loadOfA != loadOfB ? loadOfA > loadOfB : a.begunAt < b.begunAt;
  });
  for (const SLedgerPart& part : parts) {
    if (tries-- <= 0) return false;
    if (Remove(ledger, part.name, "to make room")) return true;
  }
  return false;
}

bool CTransferAccount::Remove(CTransferLedger& ledger, const SPartName& name, const char* p_why) {
  const std::string path = name.Path();
  const SOpenedFile part = m_files.OpenForWriting(path);
  if (part.error != EFileError::kNone && part.error != EFileError::kNotFound) return false;
  if (part.error == EFileError::kNone) {
    if (!LockAtOnce(part.fd)) return false;
    // Its last holder may have given it its name between open and lock. None of this name comes to be meanwhile: that
    // takes the ledger.
    const SOpenedFile named = m_files.Status(path);
    const bool isThere = named.error == EFileError::kNone && named.status.st_ino == part.status.st_ino;
    if (isThere && m_files.Unlink(path) != EFileError::kNone) return false;
    if (isThere) {
      m_log.Write(ELogLevel::kInfo, {CLimitedLog::SSubject::EKind::kTransfer}, [&] {
        const auto age = ::time(nullptr) - part.status.st_mtim.tv_sec;
        return fmt::format("transfer: removed an upload that was abandoned {} s ago, {} bytes of {}, {}", age,
                           part.status.st_size, name.size, p_why);
      });
    }
  }
  ledger.Remove(name);
  return true;
}

void CTransferAccount::NoteFinished(const SPartName& name, std::optional<uint64_t> replacedBytes) {
  const auto replaced = static_cast<int64_t>(replacedBytes ? std::max<uint64_t>(*replacedBytes, 1) : 0);
  Note({name, replacedBytes ? 0 : 1, static_cast<int64_t>(name.Weight()) - replaced});
}

void CTransferAccount::NoteRemoved(const SPartName& name) { Note({name, 0, 0}); }

// Until it is entered, the announced size stands for it.
void CTransferAccount::Note(const SChange& change) {
  bool areMany = false;
  {
    const CMutexLock lock(m_mutex);
    m_changes.push_back(change);
    areMany = m_changes.size() >= kMostChanges;
  }
  using EPatience = CTransferLedger::EPatience;
  CTransferLedger ledger(m_files, areMany ? EPatience::kWait : EPatience::kNone);
  if (ledger.Error() == EFileError::kNone) Enter(ledger);
}

void CTransferAccount::Enter(CTransferLedger& ledger) {
  std::vector<SChange> changes;
  {
    const CMutexLock lock(m_mutex);
    changes.swap(m_changes);
  }
  for (const SChange& change : changes) {
    // Twice rather than not at all, should the process die between the two.
    if (change.files != 0 || change.bytes != 0) ledger.AddToTotal(change.files, change.bytes);
    // Somebody may have begun the same anew meanwhile.
    if (m_files.Status(change.name.Path()).error == EFileError::kNotFound) ledger.Remove(change.name);
  }
}

bool CTransferAccount::IsOld(const SPartName& name) const {
  const SOpenedFile part = m_files.Status(name.Path());
  const auto age = std::chrono::nanoseconds(Now() - NanosecondsOf(part.status.st_mtim));
  return part.error == EFileError::kNone && age >= m_config.keep;
}

void CTransferAccount::Sweep() {
  CTransferLedger ledger(m_files, CTransferLedger::EPatience::kWait);
  if (ledger.Error() != EFileError::kNone) return;
  Enter(ledger);
  const SDirectoryList list = m_files.List(kPartsFolder, kMostListed);
  std::vector<SLedgerPart> there;
  for (const SDirectoryEntry& entry : list.entries) {
    if (const auto name = SPartName::Parse(entry.name)) there.push_back({*name, {}, NanosecondsOf(entry.changed)});
  }
  std::sort(there.begin(), there.end(),
            [](const SLedgerPart& a, const SLedgerPart& b) { return a.begunAt < b.begunAt; });
  size_t left = there.size();
  for (const SLedgerPart& part : there) {
    // Of an earlier version, there may be more than there can be now.
    const bool isTooMuch = left > m_config.max_parts;
    if ((isTooMuch || IsOld(part.name)) && Remove(ledger, part.name, isTooMuch ? "to make room" : "for its age")) {
      --left;
    } else if (ledger.Find(part.name) == nullptr) {
      ledger.Put(part);
    }
  }
  if (!list.isComplete) return;
  std::set<std::pair<Sha256Bytes, uint64_t>> names;
  for (const SLedgerPart& part : there) names.emplace(part.name.path, part.name.size);
  const std::vector<SLedgerPart> entered(ledger.Parts().begin(), ledger.Parts().end());
  for (const SLedgerPart& part : entered) {
    if (part.begunAt != 0 && !names.contains({part.name.path, part.name.size})) ledger.Remove(part.name);
  }
}

void CTransferAccount::Count(std::chrono::nanoseconds age, const std::atomic<bool>& isStopping) {
  if (!IsCounting()) return;
  const CFd counting = CTransferLedger::LockCounting(m_files);
  if (!counting.IsValid()) return;
  SLedgerTotal before;
  {
    CTransferLedger ledger(m_files, CTransferLedger::EPatience::kWait);
    if (ledger.Error() != EFileError::kNone) return;
    Enter(ledger);
    before = ledger.Total();
    if (before.countedAt != 0 && std::chrono::nanoseconds(Now() - before.countedAt) < age) return;
  }
  const SOpenedFile root = m_files.OpenDirectory("");
  const std::optional<STreeSum> sum =
      root.error == EFileError::kNone ? SumBeneath(root.fd, kPartsFolder, isStopping) : std::nullopt;
  if (!sum) {
    if (isStopping.load(std::memory_order_relaxed)) return;
    m_log.Write(ELogLevel::kWarn, {CLimitedLog::SSubject::EKind::kTransfer, 1},
                [] { return std::string("transfer: the files beneath transfer.root can't be counted"); });
    return;
  }
  CTransferLedger ledger(m_files, CTransferLedger::EPatience::kWait);
  // A newcomer that couldn't wait for the first count has done it.
  if (ledger.Error() != EFileError::kNone || ledger.Total().countedAt != before.countedAt) return;
  const auto files = static_cast<int64_t>(ledger.Total().files - before.files);
  const auto bytes = static_cast<int64_t>(ledger.Total().bytes - before.bytes);
  ledger.SetTotal({sum->files, sum->bytes, Now()});
  ledger.AddToTotal(files, bytes);
}

}  // namespace switchboard
