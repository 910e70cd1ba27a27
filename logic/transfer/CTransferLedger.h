#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "logic/transfer/SPartName.h"
#include "misc/file/CFd.h"
#include "misc/file/CFileRoot.h"

namespace switchboard {

// Who announced an upload: an IPv4 address, or the network of an IPv6 one (/64), which has it to itself. Zeros: nobody
// knows.
using TransferPeer = std::array<uint8_t, 16>;

// An unfinished upload.
struct SLedgerPart {
  SPartName name;
  TransferPeer peer{};
  int64_t begunAt = 0;  // nanoseconds since 1970; 0: nothing is here
};

// The finished files beneath the root.
struct SLedgerTotal {
  uint64_t files = 0;
  uint64_t bytes = 0;     // an empty one as 1
  int64_t countedAt = 0;  // when they were last counted, in nanoseconds since 1970; 0: never, the two don't count
};

// What lies beneath transfer.root in numbers, in one file that all workers share: so nobody has to walk through the
// root to know. An object is one look at it, under a lock of the file system that dies with its holder; the look is as
// large as there are unfinished uploads, whose number is bounded. Each change is one write, in an order that after a
// crash counts a file twice rather than not at all.
//
// The file `.parts/ledger`: an SHeader, then SLedgerParts, native byte order; it never leaves its machine. One that is
// missing, or of another layout, is made anew, and says that nothing was counted.
// Threads: one, for as long as it lives.
class CTransferLedger {
 public:
  static constexpr size_t kMostParts = 65536;  // more than transfer.max_parts can be

  enum class EPatience : uint8_t { kWait, kNone };

  // Waits for the lock, or doesn't. `files` outlives it.
  CTransferLedger(const CFileRoot& files, EPatience patience);

  // Why it can't be looked into, kOther if another holds the lock; then nothing else may be called.
  EFileError Error() const { return m_error; }
  const SLedgerTotal& Total() const { return m_total; }
  void SetTotal(const SLedgerTotal& total);
  // Never below nothing.
  void AddToTotal(int64_t files, int64_t bytes);

  // The unfinished uploads, and places where none is.
  std::span<const SLedgerPart> Parts() const { return m_parts; }
  // nullptr when it isn't there.
  const SLedgerPart* Find(const SPartName& name) const;
  // Adds it, or replaces the one of its name. False when the disk takes no more.
  bool Put(const SLedgerPart& part);
  void Remove(const SPartName& name);

  // A lock for the count of all files, which takes long and goes on beside the others; invalid when another counts, or
  // there is no ledger yet.
  static CFd LockCounting(const CFileRoot& files);

 private:
  EFileError Open(const CFileRoot& files, EPatience patience);
  bool Read();
  bool MakeAnew();
  bool WriteAt(size_t offset, std::span<const std::byte> bytes) const;

  CFd m_lock;
  CFd m_file;
  EFileError m_error;
  SLedgerTotal m_total;
  std::vector<SLedgerPart> m_parts;
};

}  // namespace switchboard
