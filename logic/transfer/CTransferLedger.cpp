#include "logic/transfer/CTransferLedger.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace switchboard {

namespace {

constexpr uint64_t kMagic = 0x31646c2d73727562;  // "burs-ld1": the number counts the layouts

struct SHeader {
  uint64_t magic = kMagic;
  SLedgerTotal total;
};

static_assert(sizeof(SHeader) == 32 && sizeof(SLedgerPart) == 64);
static_assert(std::is_trivially_copyable_v<SHeader> && std::is_trivially_copyable_v<SLedgerPart>);

std::string LedgerPath() { return fmt::format("{}/ledger", kPartsFolder); }

uint64_t Sum(uint64_t value, int64_t change) {
  if (change >= 0) return value + static_cast<uint64_t>(change);
  return value - std::min(value, static_cast<uint64_t>(-change));
}

}  // namespace

CTransferLedger::CTransferLedger(const CFileRoot& files, EPatience patience) { m_error = Open(files, patience); }

EFileError CTransferLedger::Open(const CFileRoot& files, EPatience patience) {
  SOpenedFile folder = files.OpenDirectory(kPartsFolder);
  if (folder.error != EFileError::kNone) return folder.error;
  m_lock = std::move(folder.fd);
  const int how = LOCK_EX | (patience == EPatience::kNone ? LOCK_NB : 0);
  while (::flock(m_lock.Get(), how) != 0) {
    if (errno != EINTR) return EFileError::kOther;
  }
  SOpenedFile opened = files.OpenForWriting(LedgerPath());
  if (opened.error == EFileError::kNotFound) opened = files.Create(LedgerPath(), 0600);
  if (opened.error != EFileError::kNone) return opened.error;
  m_file = std::move(opened.fd);
  return Read() || MakeAnew() ? EFileError::kNone : CFileRoot::ErrorOf(errno);
}

CFd CTransferLedger::LockCounting(const CFileRoot& files) {
  SOpenedFile opened = files.OpenForWriting(LedgerPath());
  if (opened.error != EFileError::kNone || ::flock(opened.fd.Get(), LOCK_EX | LOCK_NB) != 0) return {};
  return std::move(opened.fd);
}

bool CTransferLedger::Read() {
  SHeader header;
  if (::pread(m_file.Get(), &header, sizeof(header), 0) != static_cast<ssize_t>(sizeof(header))) return false;
  struct stat status {};
  if (header.magic != kMagic || ::fstat(m_file.Get(), &status) != 0) return false;
  const size_t parts = (static_cast<size_t>(status.st_size) - sizeof(header)) / sizeof(SLedgerPart);
  if (parts > kMostParts) return false;
  m_parts.resize(parts);
  const size_t bytes = m_parts.size() * sizeof(SLedgerPart);
  if (::pread(m_file.Get(), m_parts.data(), bytes, sizeof(header)) != static_cast<ssize_t>(bytes)) return false;
  m_total = header.total;
  return true;
}

bool CTransferLedger::MakeAnew() {
  m_parts.clear();
  m_total = {};
  const SHeader header;
  return ::ftruncate(m_file.Get(), 0) == 0 && WriteAt(0, std::as_bytes(std::span(&header, 1)));
}

bool CTransferLedger::WriteAt(size_t offset, std::span<const std::byte> bytes) const {
  return ::pwrite(m_file.Get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(bytes.size());
}

void CTransferLedger::SetTotal(const SLedgerTotal& total) {
  m_total = total;
  // Within the file: no room can be lacking.
  WriteAt(offsetof(SHeader, total), std::as_bytes(std::span(&m_total, 1)));
}

void CTransferLedger::AddToTotal(int64_t files, int64_t bytes) {
  SetTotal({Sum(m_total.files, files), Sum(m_total.bytes, bytes), m_total.countedAt});
}

const SLedgerPart* CTransferLedger::Find(const SPartName& name) const {
  const auto found = std::find_if(m_parts.begin(), m_parts.end(),
                                  [&](const SLedgerPart& part) { return part.begunAt != 0 && part.name == name; });
  return found == m_parts.end() ? nullptr : &*found;
}

bool CTransferLedger::Put(const SLedgerPart& part) {
  const SLedgerPart* p_place = Find(part.name);
  if (p_place == nullptr) {
    const auto free = std::find_if(m_parts.begin(), m_parts.end(), [](const auto& at) { return at.begunAt == 0; });
    p_place = free == m_parts.end() ? &m_parts.emplace_back() : &*free;
  }
  const auto place = static_cast<size_t>(p_place - m_parts.data());
  m_parts[place] = part;
  const size_t offset = sizeof(SHeader) + place * sizeof(SLedgerPart);
  if (WriteAt(offset, std::as_bytes(std::span(&part, 1)))) return true;
  m_parts[place] = {};
  return false;
}

void CTransferLedger::Remove(const SPartName& name) {
  const SLedgerPart* const p_part = Find(name);
  if (p_part == nullptr) return;
  const auto place = static_cast<size_t>(p_part - m_parts.data());
  m_parts[place] = {};
  const size_t offset = sizeof(SHeader) + place * sizeof(SLedgerPart);
  WriteAt(offset, std::as_bytes(std::span(&m_parts[place], 1)));
}

}  // namespace switchboard
