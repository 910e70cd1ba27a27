#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "misc/COutcomes.h"
#include "misc/CQuarantine.h"
#include "misc/count/SWorkerPage.h"
#include "misc/file/CFd.h"

namespace switchboard {

// The shared-memory file of counters: made by the master before it forks, read by anybody.
// One page for each live worker process, and not for each slot: during a reload two workers of a slot live at once, and
// a page has a single writer. What the dead have counted stays on their pages. Threads: any.
class CScoreboard {
 public:
  // Two generations of 256 workers, and some that take their time to leave.
  static constexpr uint32_t kMaxPages = 576;

  // Creates (replaces) the file at `path`, zeroed, with `pages` pages; an empty path makes it anonymous.
  // Throws std::system_error.
  CScoreboard(const std::string& path, uint32_t pages);
  // Maps an existing file read-only; nullptr when there is none or its layout is of another version.
  static std::unique_ptr<CScoreboard> OpenExisting(const std::string& path);
  ~CScoreboard();
  CScoreboard(const CScoreboard&) = delete;
  CScoreboard& operator=(const CScoreboard&) = delete;

  uint32_t Pages() const;
  // The address of a page stays as it is, also when the scoreboard grows.
  SWorkerPage& Page(uint32_t page);
  const SWorkerPage& Page(uint32_t page) const;
  // For all workers.
  CQuarantine& Quarantine();
  // Of the reloads and the upgrades. Who waits for one watches the file's attributes; the master calls Announce when it
  // has changed something.
  COutcomes& Reloads() { return Outcomes()[0]; }
  COutcomes& Upgrades() { return Outcomes()[1]; }
  void Announce();
  // The number of a page that is nobody's, a new one if need be. Called by the master, which then writes the pid of the
  // page's new owner. Throws std::system_error when the disk or kMaxPages is full.
  uint32_t FreePage();
  // At least so many pages, so that FreePage can't fail for a while. Throws as FreePage.
  void Grow(uint32_t pages);
  // In a forked worker: of all this it keeps its own page, to be written but for the first part, and the quarantine, to
  // be read; and no way to anything else. Throws std::system_error.
  void KeepOnly(uint32_t page);
  // Over all pages.
  CounterTotals Sum() const;
  uint64_t ConnectionsActive() const;
  uint64_t HeldBytes() const;
  // The counters of the logic, over all pages.
  std::map<std::string, uint64_t> NamedSums() const;

 private:
  CScoreboard() = default;
  COutcomes* Outcomes();

  void Replace(size_t from, size_t to, int protection, int file) const;

  CFd m_file;
  CFd m_readOnly;                   // the same file
  std::byte* m_p_memory = nullptr;  // room for kMaxPages, of which the file backs the first Pages()
};

}  // namespace switchboard
