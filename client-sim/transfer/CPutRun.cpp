#include "client-sim/transfer/CPutRun.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "client-sim/base/LocalFile.h"

namespace switchboard::sim {

void CPutRun::Execute() {
  m_file.Reset(::open(m_options.local.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!m_file.IsValid() || ::fstat(m_file.Get(), &status) != 0) {
    throw std::system_error(errno, std::generic_category(), m_options.local);
  }
  if (!S_ISREG(status.st_mode)) throw std::runtime_error(m_options.local + " is no regular file");
  m_size = static_cast<uint64_t>(status.st_size);
  CAttempts attempts(m_options);
  attempts.Run([this](CTransferClient& client) { Attempt(client); }, [this] { return m_arrived; });
}

void CPutRun::Attempt(CTransferClient& client) {
  const uint8_t replaces = m_options.isReplacing ? kPutReplaces : 0;
  const uint8_t resumes = m_options.isResuming || m_hasBegun ? kPutResumes : 0;
  CTransferClient::SBegun begun = client.Put(m_options.remote, m_size, replaces | resumes);
  if (!m_hasBegun) m_before = begun.have;
  m_hasBegun = true;
  Send(client, begun);
  if (m_options.isVerifying && !Verify(client, begun.handle)) {
    client.Close(begun.handle, true);
    // What an earlier run has left behind may be of an earlier version of the file.
    if (m_before == 0) throw std::runtime_error("what arrived is not what was sent: the SHA-256 differ");
    m_before = 0;
    begun = client.Put(m_options.remote, m_size, replaces);
    Send(client, begun);
    if (!Verify(client, begun.handle)) throw std::runtime_error("the SHA-256 differ, even after a new start");
  }
  client.Commit(begun.handle);
}

void CPutRun::Send(CTransferClient& client, const CTransferClient::SBegun& begun) {
  m_progress.Begin(m_options.remote, begun.have, m_size);
  client.Write(
      begun, m_size, [this](uint64_t offset, std::span<std::byte> room) { Read(offset, room); },
      [this](uint64_t have) {
        m_arrived = std::max(m_arrived, have);
        m_progress.Update(have);
      });
}

void CPutRun::Read(uint64_t offset, std::span<std::byte> room) {
  ReadAt(m_file, m_options.local, offset, room);
  // In passing, as far as it is the next piece; what was sent before, or twice, is read once more at the end.
  if (m_options.isVerifying && !m_isDigested && offset == m_digested) {
    m_digest.Update(room);
    m_digested += room.size();
  }
}

void CPutRun::Digest() {
  if (m_isDigested) return;
  DigestRange(m_file, m_options.local, m_digested, m_size, m_digest);
  m_digest.Finish(m_sha256);
  m_isDigested = true;
}

bool CPutRun::Verify(CTransferClient& client, uint32_t handle) {
  m_progress.Begin("verifying " + m_options.remote, 0, m_size);
  const auto hashes = client.Hash(handle, false, [this](uint64_t hashed) { m_progress.Update(hashed); });
  Digest();
  return hashes.size == m_size && hashes.sha256 == m_sha256;
}

}  // namespace switchboard::sim
