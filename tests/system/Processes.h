// What /proc tells about other processes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace switchboard {

struct SProcessState {
  pid_t parent = 0;
  pid_t session = 0;
  int terminal = 0;       // 0: none
  uint64_t cpuTicks = 0;  // user and system, in 1/100 s
  uint64_t virtualBytes = 0;
  uint64_t residentBytes = 0;
};

// nullopt when there is no such process (any more): one that has ended is none, whoever has yet to wait for it.
std::optional<SProcessState> StateOf(pid_t pid);
// As `ps` shows it: arguments separated by blanks.
std::string CommandLineOf(pid_t pid);
// The names of its threads, sorted.
std::vector<std::string> ThreadNamesOf(pid_t pid);
// The scheduling policy of the thread with that name; nullopt when there is none.
std::optional<int> PolicyOf(pid_t pid, std::string_view thread);
// How many descriptors it has open.
size_t DescriptorsOf(pid_t pid);
// All processes, zombies aside, whose working directory is `folder`.
std::vector<pid_t> ProcessesIn(const std::filesystem::path& folder);
// Those of them that `parent` has started.
std::vector<pid_t> ChildrenOf(pid_t parent);

std::string ReadFile(const std::filesystem::path& path);

}  // namespace switchboard
