#include "proc/sys/CPrivileges.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <type_traits>

#include "misc/file/CFd.h"

namespace switchboard {

namespace {

void Check(long result, const char* p_what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), p_what);
}

[[noreturn]] void Forbid(const char* p_what) { throw std::system_error(EPERM, std::generic_category(), p_what); }

using SCapabilityHeader = std::remove_pointer_t<cap_user_header_t>;
using SCapabilitySet = std::remove_pointer_t<cap_user_data_t>;
using Capabilities = std::array<SCapabilitySet, _LINUX_CAPABILITY_U32S_3>;

// glibc has no functions for these; libcap would be a package for two calls.
void SetCapabilities(const Capabilities& sets) {
  SCapabilityHeader header{_LINUX_CAPABILITY_VERSION_3, 0};
  Check(syscall(SYS_capset, &header, sets.data()), "capset");
}

Capabilities CurrentCapabilities() {
  SCapabilityHeader header{_LINUX_CAPABILITY_VERSION_3, 0};
  Capabilities sets{};
  Check(syscall(SYS_capget, &header, sets.data()), "capget");
  return sets;
}

// What no program that is executed later may get either. A root that was born without CAP_SETPCAP can't, and needn't:
// no_new_privs says the same.
void DropBoundingSet() {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

}  // namespace

CPrivileges::CPrivileges(const std::string& user) {
  if (user.empty()) return;
  const passwd* p_entry = getpwnam(user.c_str());
  if (p_entry == nullptr) throw std::runtime_error(fmt::format("server.user: there is no user \"{}\"", user));
  if (p_entry->pw_uid == geteuid()) return;
  if (geteuid() != 0) {
    throw std::runtime_error(fmt::format("server.user: only root can start workers as \"{}\"", user));
  }
  m_user = SUser{user, p_entry->pw_uid, p_entry->pw_gid};
}

void CPrivileges::GiveFile(const std::string& path) const {
  if (!m_user) return;
  // The folder may be the workers' own, and one of them not itself any more: a link that it put there must not give it
  // a file of root's.
  const CFd fd(open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  Check(fd.IsValid() ? fstat(fd.Get(), &status) : -1, path.c_str());
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1) Forbid(path.c_str());
  Check(fchown(fd.Get(), m_user->uid, m_user->gid), path.c_str());
}

void CPrivileges::Drop() const {
  if (!m_user) return;
  DropBoundingSet();
  // In this order: each needs what the next one takes.
  Check(setgid(m_user->gid), "setgid");
  Check(initgroups(m_user->name.c_str(), m_user->gid), "initgroups");
  Check(setuid(m_user->uid), "setuid");
  SetCapabilities({});
  Check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
  // The change of user forbids core dumps, which a crash of a worker should leave.
  Check(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl");
  CheckDropped();
}

void CPrivileges::CheckDropped() const {
  uid_t uids[3];
  gid_t gids[3];
  Check(getresuid(&uids[0], &uids[1], &uids[2]), "getresuid");
  Check(getresgid(&gids[0], &gids[1], &gids[2]), "getresgid");
  for (const uid_t uid : uids) {
    if (uid != m_user->uid) Forbid("the worker has kept a part of root");
  }
  for (const gid_t gid : gids) {
    if (gid != m_user->gid) Forbid("the worker has kept root's group");
  }
  for (const SCapabilitySet& set : CurrentCapabilities()) {
    if (set.effective != 0 || set.permitted != 0 || set.inheritable != 0) Forbid("the worker has kept capabilities");
  }
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) Forbid("the worker could gain privileges");
  const bool isWayBack = m_user->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0);
  if (isWayBack || (m_user->gid != 0 && setgid(0) == 0)) Forbid("the worker could become root again");
}

}  // namespace switchboard
