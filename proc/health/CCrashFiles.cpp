#include "proc/health/CCrashFiles.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "misc/CFrameRecord.h"
#include "misc/file/CFd.h"

namespace switchboard {

namespace {

constexpr std::string_view kPrefix = "switchboard-crash-";
constexpr std::string_view kSuffix = ".sbr";

bool IsCrashFile(const std::string& name) { return name.starts_with(kPrefix) && name.ends_with(kSuffix); }

}  // namespace

std::string CCrashFiles::Save(const STracedPacket& packet, pid_t pid, std::chrono::system_clock::time_point at) const {
  std::vector<std::byte> record;
  CFrameRecord::AppendMagic(record);
  CFrameRecord::Append(record, {0, 0, EDirection::kToServer, packet.bytes});

  // The time comes first, in one width and in UTC: the order of the names is that of the deaths.
  const std::string time = fmt::format("{:%Y%m%dT%H%M%S}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
  std::string name = fmt::format("{}{}-{}-{}{}", kPrefix, time, pid, packet.thread, kSuffix);
  // O_EXCL follows no link: the folder may be writable for those whom the workers have become.
  const CFd fd(open((m_folder / name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.IsValid()) throw std::system_error(errno, std::generic_category(), name);
  const ssize_t written = write(fd.Get(), record.data(), record.size());
  if (written != static_cast<ssize_t>(record.size())) {
    const int error = written < 0 ? errno : ENOSPC;
    unlink((m_folder / name).c_str());
    throw std::system_error(error, std::generic_category(), name);
  }
  RemoveOldest();
  return name;
}

void CCrashFiles::RemoveOldest() const {
  std::error_code ignored;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(m_folder, ignored)) {
    if (std::string name = entry.path().filename().string(); IsCrashFile(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  for (size_t i = 0; i + kKept < names.size(); ++i) std::filesystem::remove(m_folder / names[i], ignored);
}

}  // namespace switchboard
