#pragma once

#include <string>

namespace switchboard {

// What `ps` shows for the process.
// Threads: one in each process.
class CProcessTitle {
 public:
  // Moves the environment out of the way, so that a title has room: call it before anything keeps a pointer into
  // `p_argv` or the environment.
  CProcessTitle(int argc, char** p_argv);

  // "switchboard: <role>"
  void Set(const std::string& role) const;

 private:
  char* const m_p_end;  // of the first argument, as the process was started
  const size_t m_length;
};

}  // namespace switchboard
