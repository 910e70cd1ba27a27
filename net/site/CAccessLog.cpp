#include "net/site/CAccessLog.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace switchboard {

namespace {

CFd OpenToAppend(const std::string& file) {
  return CFd(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640));
}

}  // namespace

CAccessLog::CAccessLog(const std::string& file, CLog& log) : m_log(log) {
  if (file.empty()) return;
  m_file = std::filesystem::absolute(file).string();
  m_fd = OpenToAppend(m_file);
  if (!m_fd.IsValid()) throw std::system_error(errno, std::generic_category(), "can't open the access log " + m_file);
}

void CAccessLog::Reopen() {
  if (!IsOn()) return;
  Flush();
  const CFd fd = OpenToAppend(m_file);
  // Under the feet of WriteLine: each line goes whole to the one or the other.
  if (!fd.IsValid() || ::dup3(fd.Get(), m_fd.Get(), O_CLOEXEC) < 0) {
    m_log.Error("can't open the access log {}: {}; going on with the old file", m_file,
                std::generic_category().message(errno));
  }
}

void CAccessLog::WriteLine(std::string_view line) const {
  // A disk that is full costs lines, never an answer.
  [[maybe_unused]] const ssize_t n = ::write(m_fd.Get(), line.data(), line.size());
}

void CAccessLog::Write() {
  const ssize_t n = ::write(m_fd.Get(), m_gathered.data(), m_gathered.size());
  if (n != static_cast<ssize_t>(m_gathered.size())) {
    m_log.WarnLimited(m_limit, "the access log {} takes no more: lines are lost", m_file);
  }
  m_gathered.clear();
}

}  // namespace switchboard
