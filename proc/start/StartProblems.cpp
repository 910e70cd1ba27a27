#include "proc/start/StartProblems.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "logic/transfer/STransferConfig.h"
#include "misc/file/CFd.h"
#include "misc/file/OpenPlainFile.h"
#include "proc/sandbox/CPathFence.h"
#include "proc/sandbox/CSyscallFilter.h"
#include "proc/start/AskAsUser.h"
#include "proc/start/CRunningServer.h"
#include "proc/sys/CPidFile.h"
#include "proc/sys/CSocketAddress.h"
#include "proc/sys/ListeningSockets.h"

namespace switchboard {

namespace {

namespace fs = std::filesystem;

struct SRunning {
  pid_t pid = 0;
  std::set<uint64_t> sockets;  // their inodes
};

// Why the calling user can't do this with a path; empty when nothing is in the way.
std::string Obstacle(const fs::path& path, int mode) {
  // With the rights that open(2) has, which are the effective user's.
  return eaccess(path.c_str(), mode) == 0 ? "" : std::generic_category().message(errno);
}

std::string WhyNotMade(const fs::path& folder) {
  const std::string why = Obstacle(folder, W_OK | X_OK);
  return why.empty() ? "" : fmt::format("{}: {}", folder.string(), why);
}

std::string WhyNotWritable(const fs::path& file) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) return "it is a directory";
  // To open it would tell its reader of an end.
  if (fs::is_fifo(file, ignored)) return Obstacle(file, W_OK);
  if (OpenPlainFile(file.string(), O_WRONLY, 0).IsValid()) return "";
  if (errno == ELOOP && fs::is_symlink(file, ignored)) return "it is a link, which root doesn't follow in this folder";
  return errno == ENOENT ? WhyNotMade(file.parent_path()) : std::generic_category().message(errno);
}

std::string WhyNoPidFile(const fs::path& file) {
  struct stat status {};
  if (lstat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode) &&
      !S_ISDIR(status.st_mode)) {
    return "it is no regular file";
  }
  if (const std::string why = WhyNotWritable(file); !why.empty()) return why;
  // It gets a neighbour.
  std::error_code ignored;
  const fs::path scoreboard = file.string() + ".scoreboard";
  if (fs::is_directory(scoreboard, ignored)) return fmt::format("{}: it is a directory", scoreboard.string());
  return WhyNotMade(file.parent_path());
}

std::string WhyNotUsable(const std::string& folder, const fs::path& from, bool isToBeWritten) {
  std::error_code ignored;
  const fs::path path = from / folder;
  if (!fs::is_directory(path, ignored)) return "it is not a directory";
  return Obstacle(path, isToBeWritten ? R_OK | W_OK | X_OK : R_OK | X_OK);
}

std::string WhyNoTransfers(const STransferConfig& transfer, const fs::path& from) {
  const std::string why = WhyNotUsable(transfer.root, from, transfer.writable);
  const std::string parts = (fs::path(transfer.root) / ".parts").string();
  std::error_code ignored;
  if (!why.empty() || !transfer.writable || !fs::exists(from / parts, ignored)) return why;
  const std::string whyNoParts = WhyNotUsable(parts, from, true);
  return whyNoParts.empty() ? "" : fmt::format("{}: {}", parts, whyNoParts);
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
  // As the server does it: what is IPv4 by another name can't be had.
  const bool isV6 = address.Family() == AF_INET6;
  if (isV6 && setsockopt(fd.Get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) return errno;
  return bind(fd.Get(), address.Data(), address.Size()) == 0 ? 0 : errno;
}

// The sockets of the server that runs with this pid file; nullopt when there is none, or when the caller may not know.
std::optional<SRunning> FindRunning(const fs::path& pidFile) {
  try {
    const pid_t pid = CRunningServer(pidFile.string()).Pid();
    if (std::optional<std::set<uint64_t>> sockets = SocketsOf(pid)) return SRunning{pid, std::move(*sockets)};
  } catch (const std::runtime_error&) {
    // None runs.
  }
  return std::nullopt;
}

// The address is in use: by whom?
void JudgeTaken(const std::string& place, const CSocketAddress& address, const std::optional<SRunning>& running,
                SStartProblems& problems) {
  const std::string line = fmt::format("{}: cannot listen on {}: {}", place, address.ToString(),
                                       std::generic_category().message(EADDRINUSE));
  const std::vector<SListeningSocket> there = ListeningSockets(address);
  const auto isOwn = [&](const SListeningSocket& socket) { return running && running->sockets.contains(socket.inode); };
  const auto stranger = std::find_if_not(there.begin(), there.end(), isOwn);
  if (there.empty() || !running) {
    // By the service manager for the server, perhaps, or by a server that runs as another user.
    problems.doubtful.push_back(line);
  } else if (stranger != there.end()) {
    problems.doubtful.push_back(fmt::format("{}, and not by the running server, process {}", line, running->pid));
  } else {
    const std::string own = there.front().address.ToString();
    const bool isSame = own == address.ToString();
    problems.remarks.push_back(fmt::format(
        "{}: {} is in use by the running server itself, process {}{}", place, address.ToString(), running->pid,
        isSame ? "" : fmt::format(": its {} makes way at a reload, unless the service manager has opened that", own)));
  }
}

}  // namespace

SStartProblems FindStartProblems(const SConfig& config, const std::string& directory) {
  SStartProblems problems;
  const fs::path from = fs::path(directory) / config.server.working_directory;
  const auto check = [&](const std::string& key, const std::string& what, const std::string& why) {
    if (!why.empty()) problems.fatal.push_back(fmt::format("{}: {}: {}", key, what, why));
  };
  // What the workers open, they open as server.user.
  const auto checkAsUser = [&](const std::string& key, const std::string& what, const auto& whyNot) {
    check(key, what, AskAsUser(config.server.user, whyNot));
  };
  const auto remarkFifo = [&](const std::string& key, const std::string& file) {
    std::error_code ignored;
    if (!fs::is_fifo(from / file, ignored)) return;
    problems.doubtful.push_back(fmt::format("{}: {}: it is a FIFO, which somebody must be reading by then", key, file));
  };
  check("server.pid_file", config.server.pid_file, WhyNoPidFile(from / config.server.pid_file));
  check("server.pid_file", config.server.pid_file, CPidFile::WhyForeign(from / config.server.pid_file));
  if (!config.log.IsOnStderr()) {
    check("log.file", config.log.file, WhyNotWritable(from / config.log.file));
    remarkFifo("log.file", config.log.file);
  }
  if (config.sections.Has<STransferConfig>()) {
    const auto& transfer = config.sections.Get<STransferConfig>();
    if (!transfer.root.empty())
      checkAsUser("transfer.root", transfer.root, [&] { return WhyNoTransfers(transfer, from); });
  }
  if (config.server.sandbox == ESandbox::kStrict) check("server.sandbox", "strict", LackingForSandbox());
  const std::optional<SRunning> running = FindRunning(from / config.server.pid_file);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const SListenerConfig& listener = config.listeners[i];
    if (const std::string& root = listener.root; !root.empty()) {
      checkAsUser(fmt::format("listener.{}.root", i), root, [&] { return WhyNotUsable(root, from, false); });
    }
    if (const std::string& file = listener.http.access_log; !file.empty()) {
      checkAsUser(fmt::format("listener.{}.access_log", i), file, [&] { return WhyNotWritable(from / file); });
      remarkFifo(fmt::format("listener.{}.access_log", i), file);
    }
    const int error = TryAddress(listener);
    if (error == 0) continue;
    const CSocketAddress address(listener.address, listener.port);
    // Who may not have a port under 1024 isn't told that it is in use: the service manager may have opened it for him.
    if (error == EADDRINUSE || (error == EACCES && !ListeningSockets(address).empty())) {
      JudgeTaken(fmt::format("listener.{}", i), address, running, problems);
    } else {
      problems.fatal.push_back(fmt::format("listener.{}: cannot listen on {}: {}", i, address.ToString(),
                                           std::generic_category().message(error)));
    }
  }
  return problems;
}

}  // namespace switchboard
