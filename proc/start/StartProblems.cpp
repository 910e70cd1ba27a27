#include "proc/start/StartProblems.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "logic/transfer/STransferConfig.h"
#include "misc/file/CFd.h"
#include "proc/sandbox/CPathFence.h"
#include "proc/sandbox/CSyscallFilter.h"
#include "proc/sys/CSocketAddress.h"

namespace switchboard {

namespace {

namespace fs = std::filesystem;

// Why the calling user can't do this with a path; empty when nothing is in the way.
std::string Obstacle(const fs::path& path, int mode) {
  // With the rights that open(2) has, which are the effective user's.
  return eaccess(path.c_str(), mode) == 0 ? "" : std::generic_category().message(errno);
}

std::string WhyNotWritable(const fs::path& file) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) return "it is a directory";
  if (fs::exists(file, ignored)) return Obstacle(file, W_OK);
  const fs::path folder = file.parent_path();
  const std::string why = Obstacle(folder, W_OK | X_OK);
  return why.empty() ? "" : fmt::format("{}: {}", folder.string(), why);
}

std::string WhyNotUsable(const std::string& folder, const fs::path& from, bool isToBeWritten) {
  std::error_code ignored;
  const fs::path path = from / folder;
  if (!fs::is_directory(path, ignored)) return "it is not a directory";
  return Obstacle(path, isToBeWritten ? R_OK | W_OK | X_OK : R_OK | X_OK);
}

std::string LackingForSandbox() {
  const std::string missing = CPathFence::Missing();
  const bool hasFilter = CSyscallFilter::IsThere();
  const std::string filter = hasFilter ? "" : fmt::format("{}seccomp filters", missing.empty() ? "" : ", ");
  return missing.empty() && hasFilter ? "" : fmt::format("the kernel lacks {}{}", missing, filter);
}

// An errno; 0 when the address can be had.
int TryAddress(const SListenerConfig& listener) {
  const CSocketAddress address(listener.address, listener.port);
  const CFd fd(socket(address.Family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd.IsValid() || setsockopt(fd.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return errno;
  return bind(fd.Get(), address.Data(), address.Size()) == 0 ? 0 : errno;
}

}  // namespace

SStartProblems FindStartProblems(const SConfig& config, const std::string& directory) {
  SStartProblems problems;
  const fs::path from = fs::path(directory) / config.server.working_directory;
  const auto check = [&](const std::string& key, const std::string& what, const std::string& why) {
    if (!why.empty()) problems.fatal.push_back(fmt::format("{}: {}: {}", key, what, why));
  };
  const auto checkFile = [&](const std::string& key, const std::string& file) {
    check(key, file, WhyNotWritable(from / file));
  };
  checkFile("server.pid_file", config.server.pid_file);
  if (!config.log.IsOnStderr()) checkFile("log.file", config.log.file);
  if (config.sections.Has<STransferConfig>()) {
    const auto& transfer = config.sections.Get<STransferConfig>();
    if (!transfer.root.empty())
      check("transfer.root", transfer.root, WhyNotUsable(transfer.root, from, transfer.writable));
  }
  if (config.server.sandbox == ESandbox::kStrict) check("server.sandbox", "strict", LackingForSandbox());
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const SListenerConfig& listener = config.listeners[i];
    if (!listener.http.access_log.empty()) {
      checkFile(fmt::format("listener.{}.access_log", i), listener.http.access_log);
    }
    const int error = TryAddress(listener);
    if (error == 0) continue;
    const std::string line =
        fmt::format("listener.{}: cannot listen on {}: {}", i,
                    CSocketAddress(listener.address, listener.port).ToString(), std::generic_category().message(error));
    // By the server itself, perhaps, or by the service manager for it.
    (error == EADDRINUSE ? problems.doubtful : problems.fatal).push_back(line);
  }
  return problems;
}

}  // namespace switchboard
