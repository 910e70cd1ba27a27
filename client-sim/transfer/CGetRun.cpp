#include "client-sim/transfer/CGetRun.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "client-sim/base/LocalFile.h"

namespace switchboard::sim {

CGetRun::CGetRun(const STransferOptions& options, CProgress& progress)
    : m_options(options), m_progress(progress), m_partName(options.local + ".part") {}

void CGetRun::Execute() {
  if (!m_options.isReplacing && ::access(m_options.local.c_str(), F_OK) == 0) {
    throw std::system_error(EEXIST, std::generic_category(), m_options.local);
  }
  CAttempts attempts(m_options);
  attempts.Run([this](CTransferClient& client) { Attempt(client); }, [this] { return m_received; });
  Finish();
}

void CGetRun::OpenPart() {
  m_part.Reset(::open(m_partName.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!m_part.IsValid()) throw std::system_error(errno, std::generic_category(), m_partName);
  if (::flock(m_part.Get(), LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error(fmt::format("{} is in the hands of another client-sim", m_partName));
  }
  const uint64_t there = SizeOf(m_part, m_partName);
  if (m_options.isVerifying) m_digest.emplace(CDigest::EKind::kSha256);
  if (!m_options.isResuming || there > m_file->size) return StartAnew();
  m_have = m_before = there;
  if (m_digest) DigestRange(m_part, m_partName, 0, m_have, *m_digest);
}

void CGetRun::StartAnew() {
  m_have = m_before = 0;
  if (m_digest) m_digest.emplace(CDigest::EKind::kSha256);
  if (::ftruncate(m_part.Get(), 0) != 0) throw std::system_error(errno, std::generic_category(), m_partName);
}

void CGetRun::Attempt(CTransferClient& client) {
  const CTransferClient::SOpened opened = client.Open(m_options.remote);
  if (!opened.file.isFile) throw std::runtime_error(fmt::format("{} is a directory", m_options.remote));
  if (!m_file) {
    m_file = opened.file;
    OpenPart();
  } else if (m_file->size != opened.file.size || m_file->modified != opened.file.modified) {
    throw std::runtime_error("the file has changed on the server meanwhile; get it with --no-resume");
  }
  Fetch(client, opened);
  if (!m_options.isVerifying || Verify(client, opened)) return;
  // What an earlier run has left behind may be of an earlier version of the file.
  if (m_before == 0) throw std::runtime_error("what was received is not what the server has: the SHA-256 differ");
  StartAnew();
  Fetch(client, opened);
  if (!Verify(client, opened)) throw std::runtime_error("the SHA-256 differ, even after a new start");
}

void CGetRun::Fetch(CTransferClient& client, const CTransferClient::SOpened& opened) {
  m_progress.Begin(m_options.remote, m_have, opened.file.size);
  client.Get(opened, m_have, opened.file.size, [this](uint64_t offset, std::span<const std::byte> bytes) {
    WriteAt(m_part, m_partName, offset, bytes);
    if (m_digest) m_digest->Update(bytes);
    m_have = offset + bytes.size();
    m_received += bytes.size();
    m_progress.Update(m_have);
  });
}

bool CGetRun::Verify(CTransferClient& client, const CTransferClient::SOpened& opened) {
  m_progress.Begin("verifying " + m_options.remote, 0, opened.file.size);
  const auto hashes = client.Hash(opened.handle, false, [this](uint64_t hashed) { m_progress.Update(hashed); });
  // The digest itself is used up by its end; an attempt that is repeated needs it again.
  CDigest again(CDigest::EKind::kSha256);
  if (m_digest) {
    m_digest->Finish(m_sha256);
    m_digest.reset();
  } else {
    DigestRange(m_part, m_partName, 0, m_have, again);
    again.Finish(m_sha256);
  }
  return hashes.size == m_have && hashes.sha256 == m_sha256;
}

void CGetRun::Finish() {
  const timespec modified{static_cast<time_t>(m_file->modified / 1'000'000'000), m_file->modified % 1'000'000'000};
  const timespec times[2]{modified, modified};
  ::futimens(m_part.Get(), times);
  const unsigned flags = m_options.isReplacing ? 0 : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, m_partName.c_str(), AT_FDCWD, m_options.local.c_str(), flags) != 0) {
    throw std::system_error(errno, std::generic_category(), m_options.local);
  }
}

}  // namespace switchboard::sim
