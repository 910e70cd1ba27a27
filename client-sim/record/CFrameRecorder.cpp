#include "client-sim/record/CFrameRecorder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace switchboard::sim {
namespace {

constexpr size_t kFlushBytes = 256 * 1024;

}  // namespace

CFrameRecorder::CFrameRecorder(const std::string& path)
    : m_file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
  if (!m_file.IsValid()) throw std::system_error(errno, std::generic_category(), path);
  CFrameRecord::AppendMagic(m_buffer);
}

void CFrameRecorder::Add(const SRecordedFrame& frame) {
  if (m_error != 0) return;
  CFrameRecord::Append(m_buffer, frame);
  if (!frame.bytes.empty()) ++m_frames[static_cast<size_t>(frame.direction)];
  if (m_buffer.size() >= kFlushBytes) Flush();
}

void CFrameRecorder::Flush() {
  std::span<const std::byte> rest = m_buffer;
  while (!rest.empty() && m_error == 0) {
    const ssize_t bytes = ::write(m_file.Get(), rest.data(), rest.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) {
      m_error = errno;
      break;
    }
    rest = rest.subspan(static_cast<size_t>(bytes));
    m_written += static_cast<uint64_t>(bytes);
  }
  m_buffer.clear();
}

}  // namespace switchboard::sim
