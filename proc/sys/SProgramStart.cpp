#include "proc/sys/SProgramStart.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace switchboard {

namespace {

namespace fs = std::filesystem;

constexpr const char* kSelf = "/proc/self/exe";

bool IsThisProgram(const fs::path& path) {
  std::error_code error;
  return fs::equivalent(path, kSelf, error) && !error;
}

// As the shell finds it.
fs::path FindInPath(const std::string& name) {
  const char* p_path = std::getenv("PATH");
  std::istringstream folders(p_path == nullptr ? "" : p_path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    fs::path candidate = fs::absolute(folder.empty() ? "." : folder) / name;
    if (IsThisProgram(candidate)) return candidate;
  }
  return {};
}

// The name that the program was called by, if it leads to this program: a link then leads to its new target after it
// was changed. Else what the kernel says, which has followed all links; it marks a file that was replaced meanwhile.
std::string PathOf(const std::string& name) {
  const fs::path called = name.find('/') == std::string::npos ? FindInPath(name) : fs::absolute(name);
  if (!called.empty() && IsThisProgram(called)) return called.lexically_normal().string();
  const std::string resolved = fs::read_symlink(kSelf).string();
  const std::string mark = " (deleted)";
  const bool isMarked = resolved.ends_with(mark) && !fs::exists(resolved);
  return isMarked ? resolved.substr(0, resolved.size() - mark.size()) : resolved;
}

}  // namespace

SProgramStart SProgramStart::Capture(int argc, const char* const* p_argv) {
  SProgramStart start;
  start.arguments.assign(p_argv, p_argv + argc);
  start.path = PathOf(start.arguments.empty() ? "" : start.arguments.front());
  start.directory = fs::current_path().string();
  return start;
}

}  // namespace switchboard
