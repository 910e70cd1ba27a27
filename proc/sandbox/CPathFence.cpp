#include "proc/sandbox/CPathFence.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>
#include <system_error>

namespace switchboard {

namespace {

// From <linux/landlock.h>, whose older editions lack some of them.
constexpr uint64_t kExecuteFile = 1 << 0;
constexpr uint64_t kWriteFile = 1 << 1;
constexpr uint64_t kReadFile = 1 << 2;
constexpr uint64_t kReadFolder = 1 << 3;
constexpr uint64_t kMakeFile = 1 << 8;
constexpr uint64_t kTruncate = 1 << 14;
constexpr uint64_t kMakeDevices = 1 << 6 | 1 << 11;  // character, block
constexpr uint64_t kDeviceControl = 1 << 15;
// By ABI: all rights on files that it knows.
constexpr uint64_t kKnown[] = {0, (1 << 13) - 1, (1 << 14) - 1, (1 << 15) - 1, (1 << 15) - 1, (1 << 16) - 1};
constexpr uint64_t kBindOrConnect = 1 << 0 | 1 << 1;  // TCP, from ABI 4
constexpr uint64_t kAbstractSockets = 1 << 0;         // from ABI 6
constexpr uint64_t kSignals = 1 << 1;
constexpr unsigned kAskForAbi = 1 << 0;
constexpr unsigned kPathRule = 1;
// Of one that is no folder.
constexpr uint64_t kOfFiles = kExecuteFile | kWriteFile | kReadFile | kTruncate | kDeviceControl;

// What the kernel doesn't know must be zero or left out at the end: `size` says how much is meant.
struct SRuleset {
  uint64_t files;
  uint64_t net;
  uint64_t scoped;
};

#pragma pack(push, 1)
struct SPathRule {
  uint64_t allowed;
  int32_t path;
};
#pragma pack(pop)

[[noreturn]] void Throw(const char* p_what) { throw std::system_error(errno, std::generic_category(), p_what); }

size_t SizeFor(int abi) {
  return abi >= 6 ? sizeof(SRuleset) : abi >= 4 ? offsetof(SRuleset, scoped) : offsetof(SRuleset, net);
}

uint64_t BitsOf(CPathFence::ERight right) {
  switch (right) {
    case CPathFence::ERight::kRead:
      return kReadFile | kReadFolder;
    case CPathFence::ERight::kExecute:
      return kReadFile | kReadFolder | kExecuteFile;
    case CPathFence::ERight::kAppend:
      return kWriteFile | kMakeFile;
    case CPathFence::ERight::kWrite:
      return ~(kExecuteFile | kMakeDevices | kDeviceControl);
  }
  return 0;
}

}  // namespace

int CPathFence::Abi() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForAbi);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

std::string CPathFence::Missing() {
  const int abi = Abi();
  if (abi >= kLeastAbi) return "";
  return abi == 0 ? "Landlock" : fmt::format("Landlock ABI {} (it has {})", kLeastAbi, abi);
}

CPathFence::CPathFence(bool mayConnect) {
  const int abi = Abi();
  if (abi == 0) Throw("landlock_create_ruleset");
  constexpr int kNewest = static_cast<int>(std::size(kKnown)) - 1;
  m_handled = kKnown[abi < kNewest ? abi : kNewest];
  const SRuleset ruleset{m_handled, abi >= 4 && !mayConnect ? kBindOrConnect : 0,
                         abi >= 6 ? kSignals | (mayConnect ? 0 : kAbstractSockets) : 0};
  m_rules.Reset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &ruleset, SizeFor(abi), 0)));
  if (!m_rules.IsValid()) Throw("landlock_create_ruleset");
}

void CPathFence::Allow(const std::string& path, ERight right) {
  const CFd at(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!at.IsValid() || fstat(at.Get(), &status) != 0) return;
  const uint64_t meaningful = S_ISDIR(status.st_mode) ? m_handled : m_handled & kOfFiles;
  const SPathRule rule{BitsOf(right) & meaningful, at.Get()};
  if (rule.allowed == 0) return;
  if (syscall(SYS_landlock_add_rule, m_rules.Get(), kPathRule, &rule, 0) != 0) Throw("landlock_add_rule");
}

void CPathFence::Enter() {
  if (syscall(SYS_landlock_restrict_self, m_rules.Get(), 0) != 0) Throw("landlock_restrict_self");
}

}  // namespace switchboard
