#include "net/site/CAccessLog.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "misc/file/OpenPlainFile.h"
#include "net/site/CHttpLogLine.h"

namespace switchboard {

namespace {

CFd OpenToAppend(const std::string& file) { return OpenPlainFile(file, O_WRONLY | O_APPEND | O_CREAT, 0640); }

// Without the port.
std::string AddressOf(const SPeer& peer) {
  std::string text = peer.ToString();
  text.resize(text.rfind(':'));
  return text.starts_with('[') ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

CAccessLog::CAccessLog(const std::string& file, CLimitedLog& log) : m_log(log) {
  if (file.empty()) return;
  m_file = std::filesystem::absolute(file).string();
  m_fd = OpenToAppend(m_file);
  if (!m_fd.IsValid()) throw std::system_error(errno, std::generic_category(), "can't open the access log " + m_file);
}

void CAccessLog::Reopen() {
  if (!IsOn()) return;
  Flush();
  const CFd fd = OpenToAppend(m_file);
  // Under the feet of the writers: each line goes whole to the one or the other.
  if (!fd.IsValid() || ::dup3(fd.Get(), m_fd.Get(), O_CLOEXEC) < 0) {
    m_log.Log().Error("can't open the access log {}: {}; going on with the old file", m_file,
                      std::generic_category().message(errno));
  }
}

void CAccessLog::Append(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
                        uint64_t bodyBytes) {
  const std::string address = AddressOf(peer);
  std::string large;
  {
    const CMutexLock lock(m_mutex);
    CHttpLogLine::Append(m_gathered, address, now.LogTime(), request, status, bodyBytes);
    if (m_gathered.size() >= kLargeBytes) large = std::exchange(m_gathered, {});
  }
  if (!large.empty()) WriteLines(large);
}

void CAccessLog::Flush() {
  std::string lines;
  {
    const CMutexLock lock(m_mutex);
    if (m_gathered.empty()) return;
    lines = std::exchange(m_gathered, {});
  }
  WriteLines(lines);
}

void CAccessLog::Write(const SHttpRequest& request, const CHttpNow& now, const SPeer& peer, uint16_t status,
                       uint64_t bodyBytes) const {
  std::string line;
  CHttpLogLine::Append(line, AddressOf(peer), now.LogTime(), request, status, bodyBytes);
  WriteLines(line);
}

void CAccessLog::WriteLines(const std::string& lines) const {
  // A disk that is full costs lines, never an answer.
  if (::write(m_fd.Get(), lines.data(), lines.size()) != static_cast<ssize_t>(lines.size())) {
    const auto number = static_cast<uint32_t>(std::hash<std::string>{}(m_file));
    m_log.Write(ELogLevel::kWarn, {CLimitedLog::SSubject::EKind::kAccessLog, 0, number},
                [this] { return fmt::format("the access log {} takes no more: lines are lost", m_file); });
  }
}

}  // namespace switchboard
