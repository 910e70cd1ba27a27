#include "proc/health/CIoLoad.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace switchboard {

namespace {

namespace fs = std::filesystem;

fs::path TasksOf(pid_t pid) { return fs::path("/proc") / std::to_string(pid) / "task"; }

// 0 when there is none.
pid_t FindIoThread(pid_t pid) {
  std::error_code error;
  for (fs::directory_iterator at(TasksOf(pid), error), end; !error && at != end; at.increment(error)) {
    std::string name;
    std::getline(std::ifstream(at->path() / "comm"), name);
    if (name == "sb-io") return std::stoi(at->path().filename().string());
  }
  return 0;
}

std::optional<double> CpuSecondsOf(pid_t pid, pid_t thread) {
  std::string text;
  std::getline(std::ifstream(TasksOf(pid) / std::to_string(thread) / "stat"), text);
  // The name, in parentheses, may hold anything. Behind it come field 3 and the following.
  std::istringstream fields(text.substr(text.rfind(')') == std::string::npos ? text.size() : text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  uint64_t user = 0;
  uint64_t system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

std::optional<double> CIoLoad::Measure(pid_t pid, MonotonicTime now) {
  SWorker& worker = m_workers[pid];
  const bool isFirst = worker.thread == 0;
  if (isFirst) worker.thread = FindIoThread(pid);
  const std::optional<double> cpuSeconds = CpuSecondsOf(pid, worker.thread);
  if (!cpuSeconds) {
    Forget(pid);
    return std::nullopt;
  }
  const double used = *cpuSeconds - worker.cpuSeconds;
  const double passed = std::chrono::duration<double>(now - worker.at).count();
  worker.cpuSeconds = *cpuSeconds;
  worker.at = now;
  if (isFirst || passed <= 0) return std::nullopt;
  return used / passed;
}

std::vector<double> CIoLoad::MeasureAll(const std::vector<pid_t>& pids, MonotonicTime now) {
  std::vector<double> loads;
  for (const pid_t pid : pids) {
    if (const std::optional<double> load = Measure(pid, now)) loads.push_back(*load);
  }
  return loads.size() == pids.size() ? loads : std::vector<double>();
}

}  // namespace switchboard
