#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace switchboard::sim {

// A file's bytes, mapped read-only: they cost no memory of the process's own, however long the file is.
// Threads: any; constant after construction.
class CFileMapping {
 public:
  // Throws std::system_error.
  explicit CFileMapping(const std::string& path);
  ~CFileMapping();
  CFileMapping(const CFileMapping&) = delete;
  CFileMapping& operator=(const CFileMapping&) = delete;

  std::span<const std::byte> Bytes() const { return m_bytes; }

 private:
  std::span<const std::byte> m_bytes;
};

}  // namespace switchboard::sim
