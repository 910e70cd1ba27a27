#include "proc/sys/CPidFile.h"

#include <bsd/libutil.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>

namespace switchboard {

CPidFile::CPidFile(const std::string& path) : m_path(path), m_wasLeftBehind(access(path.c_str(), F_OK) == 0) {
  pid_t holder = 0;
  m_p_file = pidfile_open(path.c_str(), 0644, &holder);
  if (m_p_file == nullptr) {
    if (errno == EEXIST) {
      throw std::runtime_error(fmt::format("already running: process {} holds the pid file {}", holder, path));
    }
    throw std::runtime_error(
        fmt::format("cannot open the pid file {}: {}", path, std::generic_category().message(errno)));
  }
  // libbsd lets it survive an exec: the next binary would hold the lock of the one before it, and so on.
  fcntl(pidfile_fileno(m_p_file), F_SETFD, FD_CLOEXEC);
  if (pidfile_write(m_p_file) != 0) {
    const int error = errno;
    pidfile_remove(m_p_file);
    throw std::runtime_error(
        fmt::format("cannot write the pid file {}: {}", path, std::generic_category().message(error)));
  }
}

CPidFile::~CPidFile() {
  if (m_p_file == nullptr) return;
  // Not pidfile_remove: that knows the first name only, which may be the file of the next binary by now.
  unlink(m_path.c_str());
  pidfile_close(m_p_file);
}

void CPidFile::MoveTo(const std::string& path) {
  if (rename(m_path.c_str(), path.c_str()) != 0) throw std::system_error(errno, std::generic_category(), path);
  m_path = path;
}

void CPidFile::Forget() {
  // The lock belongs to the open file description that parent and child share: closing the child's descriptor keeps it.
  if (m_p_file != nullptr) pidfile_close(m_p_file);
  m_p_file = nullptr;
}

}  // namespace switchboard
