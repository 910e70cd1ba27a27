#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "misc/CFrameRecord.h"
#include "misc/file/CFd.h"

namespace switchboard::sim {

// Writes a record of frames (docs/RECORD-FORMAT.md) to a file, in large pieces. When the file takes no more, recording
// ends there, and the record stays good up to its last whole entry.
// Threads: one.
class CFrameRecorder {
 public:
  // Replaces the file. Throws std::system_error.
  explicit CFrameRecorder(const std::string& path);
  ~CFrameRecorder() { Flush(); }
  CFrameRecorder(const CFrameRecorder&) = delete;
  CFrameRecorder& operator=(const CFrameRecorder&) = delete;

  void Add(const SRecordedFrame& frame);
  // Brings everything into the file.
  void Flush();
  bool HasUnflushed() const { return !m_buffer.empty(); }

  uint64_t Frames(EDirection direction) const { return m_frames[static_cast<size_t>(direction)]; }
  uint64_t Bytes() const { return m_written; }
  // The errno that ended the recording, or 0.
  int Error() const { return m_error; }

 private:
  CFd m_file;
  std::vector<std::byte> m_buffer;
  uint64_t m_frames[2] = {};
  uint64_t m_written = 0;
  int m_error = 0;
};

}  // namespace switchboard::sim
