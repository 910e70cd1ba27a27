#include "proc/sys/CProcessTitle.h"

#include <bsd/unistd.h>
#include <unistd.h>

#include <cstring>

namespace switchboard {

CProcessTitle::CProcessTitle(int argc, char** p_argv)
    : m_p_end(p_argv[0] + std::strlen(p_argv[0])), m_length(std::strlen(p_argv[0])) {
  setproctitle_init(argc, p_argv, environ);
}

void CProcessTitle::Set(const std::string& role) const {
  const std::string title = "switchboard: " + role;
  setproctitle("-%s", title.c_str());
  // A title that is not longer than the first argument gets a mark behind it from libbsd, which ps would show.
  if (title.size() <= m_length) *m_p_end = '\0';
}

}  // namespace switchboard
