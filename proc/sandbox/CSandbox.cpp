#include "proc/sandbox/CSandbox.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "logic/transfer/STransferConfig.h"
#include "proc/sandbox/CSyscallFilter.h"

namespace switchboard {

namespace {

namespace fs = std::filesystem;
using ERight = CPathFence::ERight;

// That would be everything.
void AllowFolder(CPathFence& fence, const fs::path& folder, ERight right) {
  std::error_code ignored;
  const fs::path whole = fs::canonical(folder, ignored);
  if (!ignored && whole != whole.root_path()) fence.Allow(whole.string(), right);
}

void Add(std::string& list, std::string_view item) { list += fmt::format("{}{}", list.empty() ? "" : ", ", item); }

// Log files are opened again after they were moved: then the folder must let a new one be made. What is no file, such
// as /dev/null, stays where it is, and its folder is nobody's.
void AllowLog(CPathFence& fence, const std::string& file) {
  std::error_code ignored;
  fence.Allow(file, ERight::kAppend);
  if (fs::exists(file, ignored) && !fs::is_regular_file(file, ignored)) return;
  AllowFolder(fence, fs::absolute(file, ignored).parent_path(), ERight::kAppend);
}

}  // namespace

std::string CSandbox::Missing() {
  std::string missing;
  if (!CSyscallFilter::IsThere()) Add(missing, "seccomp filters");
  if (const std::string fence = CPathFence::Missing(); !fence.empty()) Add(missing, fence);
  return missing;
}

std::string CSandbox::Describe(ESandbox setting) {
  if (setting == ESandbox::kOff) return "the workers are not sandboxed: server.sandbox is \"off\"";
  const std::string missing = Missing();
  if (missing.empty()) return "the workers are sandboxed: no new privileges, seccomp, Landlock";
  return fmt::format("the workers are sandboxed, but the kernel doesn't offer {}", missing);
}

std::string CSandbox::Enter() const {
  if (m_config.server.sandbox == ESandbox::kOff) return "";
  std::string failures;
  const auto attempt = [&failures](const char* p_part, const auto& enter) {
    try {
      enter();
    } catch (const std::system_error& error) {
      Add(failures, fmt::format("{} ({})", p_part, error.what()));
    }
  };
  attempt("no_new_privs", [] {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw std::system_error(errno, std::generic_category(), "prctl");
  });
  // An older one would refuse every rename from one folder to another, and with it each upload.
  if (const int abi = CPathFence::Abi(); abi > 0 && abi < CPathFence::kLeastAbi) {
    Add(failures, "Landlock (too old)");
  } else {
    attempt("Landlock", [this] { BuildFence().Enter(); });
  }
  attempt("seccomp", [this] { CSyscallFilter::Enter({m_wishes.MayExec(), m_wishes.MaySockets()}); });
  if (!failures.empty() && m_config.server.sandbox == ESandbox::kStrict) {
    throw std::runtime_error(fmt::format("server.sandbox is \"strict\", and this can't be had: {}", failures));
  }
  return failures;
}

std::string CSandbox::Hint(ESandbox setting, std::string_view failure) {
  if (setting == ESandbox::kOff) return {};
  for (const int error : {EPERM, EACCES}) {
    if (failure.find(std::generic_category().message(error)) == std::string_view::npos) continue;
    return "; is it the sandbox? It lets through what schema.Sandbox() in Describe asks for, and server.sandbox = "
           "\"off\" "
           "all";
  }
  return {};
}

CPathFence CSandbox::BuildFence() const {
  CPathFence fence(m_wishes.MaySockets());
  AllowSystem(fence);
  AllowConfigured(fence);
  return fence;
}

// What libraries read, some of them at their first use only. Of /etc not the folder: the shadow lies there.
void CSandbox::AllowSystem(CPathFence& fence) const {
  const ERight programs = m_wishes.MayExec() ? ERight::kExecute : ERight::kRead;
  for (const char* const p_path :
       {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store"}) {
    fence.Allow(p_path, programs);
  }
  for (const char* const p_path : {"/etc/ld.so.cache",
                                   "/etc/ld.so.conf",
                                   "/etc/ld.so.conf.d",
                                   "/etc/ld.so.preload",
                                   "/etc/localtime",
                                   "/etc/timezone",
                                   "/etc/mime.types",
                                   "/etc/ssl",
                                   "/etc/ca-certificates",
                                   "/etc/pki",
                                   "/etc/nsswitch.conf",
                                   "/etc/hosts",
                                   "/etc/resolv.conf",
                                   "/etc/host.conf",
                                   "/etc/gai.conf",
                                   "/etc/services",
                                   "/etc/protocols",
                                   "/etc/passwd",
                                   "/etc/group",
                                   "/etc/locale.alias",
                                   "/proc/self",
                                   "/proc/cpuinfo",
                                   "/proc/meminfo",
                                   "/proc/stat",
                                   "/proc/loadavg",
                                   "/proc/filesystems",
                                   "/proc/sys/vm",
                                   "/proc/sys/kernel/random",
                                   "/proc/sys/net/core/somaxconn",
                                   "/sys/devices/system/cpu",
                                   "/sys/devices/system/node",
                                   "/sys/kernel/mm/transparent_hugepage",
                                   "/sys/fs/cgroup",
                                   "/dev/random",
                                   "/dev/urandom"}) {
    fence.Allow(p_path, ERight::kRead);
  }
  for (const char* const p_path : {"/dev/null", "/dev/zero", "/dev/full"}) fence.Allow(p_path, ERight::kWrite);
  // Where the kernel writes a core, with the rights of who has crashed. A pipe to a program is the kernel's own.
  std::string pattern;
  std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), pattern);
  if (pattern.starts_with('/')) AllowFolder(fence, fs::path(pattern).parent_path(), ERight::kAppend);
}

void CSandbox::AllowConfigured(CPathFence& fence) const {
  AllowFolder(fence, ".", ERight::kWrite);  // server.working_directory
  if (!m_config.log.IsOnStderr()) AllowLog(fence, m_config.log.file);
  for (const SListenerConfig& listener : m_config.listeners) {
    if (!listener.root.empty()) fence.Allow(listener.root, ERight::kRead);
    if (!listener.http.access_log.empty()) AllowLog(fence, listener.http.access_log);
  }
  if (m_config.sections.Has<STransferConfig>()) {
    const auto& transfer = m_config.sections.Get<STransferConfig>();
    if (!transfer.root.empty()) fence.Allow(transfer.root, transfer.writable ? ERight::kWrite : ERight::kRead);
  }
  const ERight reading = m_wishes.MayExec() ? ERight::kExecute : ERight::kRead;
  for (const CSandboxWishes::SPath& wish : m_wishes.Paths()) {
    const std::string path = wish.read ? wish.read(m_config.sections.Get(wish.section)) : wish.path;
    if (!path.empty()) fence.Allow(path, wish.isToBeWritten ? ERight::kWrite : reading);
  }
}

}  // namespace switchboard
