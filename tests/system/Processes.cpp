#include "tests/system/Processes.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace switchboard {

namespace fs = std::filesystem;

namespace {

fs::path Proc(pid_t pid) { return fs::path("/proc") / std::to_string(pid); }

std::vector<pid_t> AllProcesses() {
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      pids.push_back(std::stoi(name));
    }
  }
  return pids;
}

// The entries of a folder that may vanish meanwhile.
std::vector<fs::path> EntriesOf(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(folder, ignored), end; at != end; at.increment(ignored)) entries.push_back(at->path());
  return entries;
}

}  // namespace

std::string ReadFile(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::optional<SProcessState> StateOf(pid_t pid) {
  const std::string text = ReadFile(Proc(pid) / "stat");
  // The name, in parentheses, may hold anything.
  const size_t nameEnd = text.rfind(')');
  if (nameEnd == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(nameEnd + 1));
  // Fields 3 to 24 of proc(5).
  std::vector<std::string> values(25);
  for (size_t i = 3; i < values.size(); ++i) fields >> values[i];
  if (!fields || values[3] == "Z" || values[3] == "X") return std::nullopt;
  SProcessState state;
  state.parent = std::stoi(values[4]);
  state.session = std::stoi(values[6]);
  state.terminal = std::stoi(values[7]);
  state.cpuTicks = std::stoull(values[14]) + std::stoull(values[15]);
  state.virtualBytes = std::stoull(values[23]);
  state.residentBytes = std::stoull(values[24]) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return state;
}

std::string CommandLineOf(pid_t pid) {
  std::string text = ReadFile(Proc(pid) / "cmdline");
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

std::vector<std::string> ThreadNamesOf(pid_t pid) {
  std::vector<std::string> names;
  for (const fs::path& task : EntriesOf(Proc(pid) / "task")) {
    std::string name = ReadFile(task / "comm");
    if (!name.empty()) name.pop_back();
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<int> PolicyOf(pid_t pid, std::string_view thread) {
  for (const fs::path& task : EntriesOf(Proc(pid) / "task")) {
    if (ReadFile(task / "comm") != std::string(thread) + '\n') continue;
    return sched_getscheduler(std::stoi(task.filename().string()));
  }
  return std::nullopt;
}

size_t DescriptorsOf(pid_t pid) { return EntriesOf(Proc(pid) / "fd").size(); }

std::vector<pid_t> ProcessesIn(const fs::path& folder) {
  std::vector<pid_t> pids;
  for (const pid_t pid : AllProcesses()) {
    std::error_code error;
    const fs::path cwd = fs::read_symlink(Proc(pid) / "cwd", error);
    if (!error && cwd == folder) pids.push_back(pid);
  }
  return pids;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const pid_t pid : AllProcesses()) {
    const std::optional<SProcessState> state = StateOf(pid);
    if (state && state->parent == parent) children.push_back(pid);
  }
  return children;
}

}  // namespace switchboard
