#pragma once

#include <unistd.h>

#include <utility>

namespace switchboard {

// Owns one file descriptor and closes it at the end of its life.
// Threads: one owner at a time.
class CFd {
 public:
  CFd() = default;
  explicit CFd(int fd) : m_fd(fd) {}
  ~CFd() { Reset(); }
  CFd(CFd&& other) noexcept : m_fd(other.Release()) {}
  CFd& operator=(CFd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  CFd(const CFd&) = delete;
  CFd& operator=(const CFd&) = delete;

  int Get() const { return m_fd; }
  bool IsValid() const { return m_fd >= 0; }
  // Gives the descriptor away; the caller closes it.
  int Release() { return std::exchange(m_fd, -1); }
  void Reset(int fd = -1) {
    if (m_fd >= 0) ::close(m_fd);
    m_fd = fd;
  }

 private:
  int m_fd = -1;
};

}  // namespace switchboard
