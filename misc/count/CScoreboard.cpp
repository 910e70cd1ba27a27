#include "misc/count/CScoreboard.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <system_error>
#include <utility>

#include "misc/count/CMappingGuard.h"
#include "misc/file/CFd.h"

// Over the rule: making, growing, opening and protecting the file share the arithmetic of its layout.
namespace switchboard {

namespace {

// Processes share these, so they must not hide a lock of one process.
static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(std::atomic<int32_t>::is_always_lock_free);

// The file: one SHeader, a CQuarantine, two COutcomes, then `pages` times an SWorkerPage. Native byte order; it never
// leaves its machine. The header is written before the file gets its name; afterwards, only `pages` grows, behind the
// file.
struct alignas(64) SHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t counters;
  uint32_t pageBytes;
  uint32_t pages;
};

constexpr uint64_t kMagic = 0x64726F6277736273;  // "sbswbord"
constexpr uint32_t kVersion = 8;                 // of the meaning of what the header's sizes don't tell
constexpr SHeader kLayout = {
    .magic = kMagic, .version = kVersion, .counters = kCounterCount, .pageBytes = sizeof(SWorkerPage), .pages = 0};

constexpr size_t kOutcomesAt = sizeof(SHeader) + sizeof(CQuarantine);
constexpr size_t kOutcomesBytes = (2 * sizeof(COutcomes) + 63) / 64 * 64;  // the pages keep their alignment

// Apart from the pages, since workers may only read it.
constexpr size_t kPagesAt = (kOutcomesAt + kOutcomesBytes + SWorkerPage::kProtectedBytes - 1) /
                            SWorkerPage::kProtectedBytes * SWorkerPage::kProtectedBytes;

constexpr size_t FileBytes(uint32_t pages) { return kPagesAt + size_t{pages} * sizeof(SWorkerPage); }

constexpr size_t kMappedBytes = FileBytes(CScoreboard::kMaxPages);

bool HasOurLayout(const SHeader& header, off_t fileBytes) {
  SHeader expected = kLayout;
  expected.pages = header.pages;
  return std::memcmp(&header, &expected, offsetof(SHeader, pages)) == 0 && header.pages != 0 &&
         header.pages <= CScoreboard::kMaxPages && FileBytes(header.pages) <= static_cast<size_t>(fileBytes);
}

std::atomic_ref<uint32_t> PagesIn(std::byte* p_memory) {
  return std::atomic_ref<uint32_t>(reinterpret_cast<SHeader*>(p_memory)->pages);
}

[[noreturn]] void Throw(int error, const std::string& what) {
  throw std::system_error(error, std::system_category(), what);
}

// Reserves the space: a hole that the disk can't fill later would be a SIGBUS in the middle of a count.
// Returns an error number.
int SetSize(int fd, size_t bytes) { return ::posix_fallocate(fd, 0, static_cast<off_t>(bytes)); }

// A new file under a name of its own, which moves to `path` when it is complete: so a reader never maps half a file, a
// reader of the file before keeps that one, and a link at `path` is replaced and not followed.
class CNewFile {
 public:
  CNewFile(const std::string& path, size_t bytes) : m_path(path), m_name(path + ".XXXXXX") {
    m_fd = CFd(::mkostemp(m_name.data(), O_CLOEXEC));
    if (!m_fd.IsValid()) Throw(errno, "can't create the scoreboard " + path);
    int error = SetSize(m_fd.Get(), bytes);
    // Not for everybody: the traces hold packets, and packets hold passwords.
    if (error == 0 && ::fchmod(m_fd.Get(), 0640) != 0) error = errno;
    if (error == 0) return;
    ::unlink(m_name.c_str());
    Throw(error, "can't size the scoreboard " + path);
  }
  ~CNewFile() {
    if (!m_isPublished) ::unlink(m_name.c_str());
  }
  CNewFile(const CNewFile&) = delete;
  CNewFile& operator=(const CNewFile&) = delete;

  int Get() const { return m_fd.Get(); }
  // Gives the file its name, and the descriptor away.
  CFd Publish() {
    if (::rename(m_name.c_str(), m_path.c_str()) != 0) Throw(errno, "can't name the scoreboard " + m_path);
    m_isPublished = true;
    return std::move(m_fd);
  }

 private:
  const std::string m_path;
  std::string m_name;
  CFd m_fd;
  bool m_isPublished = false;
};

CFd MakeAnonymousFile(size_t bytes) {
  CFd fd(::memfd_create("scoreboard", MFD_CLOEXEC));
  if (!fd.IsValid()) Throw(errno, "can't create the scoreboard");
  if (const int error = SetSize(fd.Get(), bytes); error != 0) Throw(error, "can't size the scoreboard");
  return fd;
}

// What lies behind the end of the file is only address space, until the file grows into it.
std::byte* Map(int protection, int fd) {
  void* const p_memory = ::mmap(nullptr, kMappedBytes, protection, MAP_SHARED, fd, 0);
  if (p_memory == MAP_FAILED) Throw(errno, "can't map the scoreboard");
  return static_cast<std::byte*>(p_memory);
}

}  // namespace

// Delegates, so that the destructor unmaps if something throws further down.
CScoreboard::CScoreboard(const std::string& path, uint32_t pages) : CScoreboard() {
  const size_t bytes = FileBytes(pages);
  std::unique_ptr<CNewFile> p_file;
  if (path.empty()) {
    m_file = MakeAnonymousFile(bytes);
  } else {
    p_file = std::make_unique<CNewFile>(path, bytes);
  }
  const int file = p_file ? p_file->Get() : m_file.Get();
  m_p_memory = Map(PROT_READ | PROT_WRITE, file);
  m_readOnly.Reset(::open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDONLY | O_CLOEXEC));
  CMappingGuard::Protect(m_p_memory, kMappedBytes);
  CMappingGuard::Install();
  auto* const p_header = new (m_p_memory) SHeader(kLayout);
  p_header->pages = pages;
  new (&Quarantine()) CQuarantine;
  new (&Reloads()) COutcomes;
  new (&Upgrades()) COutcomes;
  for (uint32_t page = 0; page < pages; ++page) new (&Page(page)) SWorkerPage;
  if (p_file) m_file = p_file->Publish();
}

std::unique_ptr<CScoreboard> CScoreboard::OpenExisting(const std::string& path) {
  const CFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status = {};
  if (!fd.IsValid() || ::fstat(fd.Get(), &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
  SHeader header = {};
  if (::pread(fd.Get(), &header, sizeof(header), 0) != ssize_t{sizeof(header)}) return nullptr;
  if (!HasOurLayout(header, status.st_size)) return nullptr;

  std::unique_ptr<CScoreboard> p_scoreboard(new CScoreboard);
  p_scoreboard->m_p_memory = Map(PROT_READ, fd.Get());
  return p_scoreboard;
}

CScoreboard::~CScoreboard() {
  CMappingGuard::Release(m_p_memory);
  if (m_p_memory != nullptr) ::munmap(m_p_memory, kMappedBytes);
}

void CScoreboard::KeepOnly(uint32_t page) {
  if (!m_readOnly.IsValid()) Throw(ENOENT, "can't open the scoreboard by /proc");
  const size_t own = FileBytes(page);
  // Where a page of memory is larger, the parts can't be told apart.
  if (::sysconf(_SC_PAGESIZE) <= static_cast<long>(SWorkerPage::kProtectedBytes)) {
    // From a descriptor that can't write, so that mprotect(2) can't undo it.
    Replace(0, kPagesAt, PROT_READ, m_readOnly.Get());
    Replace(kPagesAt, own, PROT_NONE, -1);
    Replace(own, own + SWorkerPage::kProtectedBytes, PROT_READ, m_readOnly.Get());
    Replace(own + sizeof(SWorkerPage), kMappedBytes, PROT_NONE, -1);
  }
  m_file.Reset();
  m_readOnly.Reset();
  CMappingGuard::Uninstall();
}

// Without a file: by nothing.
void CScoreboard::Replace(size_t from, size_t to, int protection, int file) const {
  if (from == to) return;
  const int flags = MAP_FIXED | (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED);
  const off_t offset = file < 0 ? 0 : static_cast<off_t>(from);
  if (::mmap(m_p_memory + from, to - from, protection, flags, file, offset) == MAP_FAILED) {
    Throw(errno, "can't give up the scoreboard");
  }
}

uint32_t CScoreboard::Pages() const { return std::min(PagesIn(m_p_memory).load(std::memory_order_acquire), kMaxPages); }

SWorkerPage& CScoreboard::Page(uint32_t page) {
  // Not Pages(): that number lies where a worker may have cut the file.
  assert(page < kMaxPages);
  return *reinterpret_cast<SWorkerPage*>(m_p_memory + FileBytes(page));
}

const SWorkerPage& CScoreboard::Page(uint32_t page) const {
  // Not Pages(): that number lies where a worker may have cut the file.
  assert(page < kMaxPages);
  return *reinterpret_cast<const SWorkerPage*>(m_p_memory + FileBytes(page));
}

uint32_t CScoreboard::FreePage() {
  const uint32_t pages = Pages();
  for (uint32_t page = 0; page < pages; ++page) {
    if (Page(page).pid.load(std::memory_order_relaxed) == 0) return page;
  }
  Grow(pages + 1);
  return pages;
}

void CScoreboard::Grow(uint32_t pages) {
  const uint32_t before = Pages();
  if (pages <= before) return;
  if (pages > kMaxPages) Throw(EUSERS, "the scoreboard is full");
  if (const int error = SetSize(m_file.Get(), FileBytes(pages)); error != 0) Throw(error, "can't grow the scoreboard");
  for (uint32_t page = before; page < pages; ++page) new (m_p_memory + FileBytes(page)) SWorkerPage;
  PagesIn(m_p_memory).store(pages, std::memory_order_release);
}

CQuarantine& CScoreboard::Quarantine() { return *reinterpret_cast<CQuarantine*>(m_p_memory + sizeof(SHeader)); }

COutcomes* CScoreboard::Outcomes() { return reinterpret_cast<COutcomes*>(m_p_memory + kOutcomesAt); }

void CScoreboard::Announce() { ::futimens(m_file.Get(), nullptr); }

CounterTotals CScoreboard::Sum() const {
  CounterTotals totals{};
  for (uint32_t i = 0; i < Pages(); ++i) {
    const CounterTotals page = Page(i).Sum();
    std::transform(totals.begin(), totals.end(), page.begin(), totals.begin(), std::plus<>());
  }
  return totals;
}

uint64_t CScoreboard::HeldBytes() const {
  uint64_t held = 0;
  for (uint32_t i = 0; i < Pages(); ++i) held += Page(i).held.Sum();
  return held;
}

uint64_t CScoreboard::ConnectionsActive() const {
  uint64_t active = 0;
  for (uint32_t i = 0; i < Pages(); ++i) {
    active += Page(i).connectionsActive.load(std::memory_order_relaxed);
  }
  return active;
}

std::map<std::string, uint64_t> CScoreboard::NamedSums() const {
  std::map<std::string, uint64_t> sums;
  for (uint32_t i = 0; i < Pages(); ++i) {
    const CNamedCounters& named = Page(i).named;
    for (size_t place = 0; place < CNamedCounters::kMost; ++place) {
      if (std::string name = named.Name(place); !name.empty()) sums[std::move(name)] += named.Value(place);
    }
  }
  return sums;
}

}  // namespace switchboard
