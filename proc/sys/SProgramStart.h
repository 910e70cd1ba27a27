#pragma once

#include <string>
#include <vector>

namespace switchboard {

// How this program was started, so that it can be started again, as another binary.
struct SProgramStart {
  // Of the file; absolute, but links in it are followed at the next start anew, and a new file of this name is used.
  std::string path;
  std::vector<std::string> arguments;  // with the name that it was called by
  std::string directory;

  // Call it first thing in main(): the process title moves the arguments, and relative paths lose their sense later.
  // Throws std::system_error.
  static SProgramStart Capture(int argc, const char* const* p_argv);
};

}  // namespace switchboard
