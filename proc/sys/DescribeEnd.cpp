#include "proc/sys/DescribeEnd.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include "proc/sys/CSignals.h"

namespace switchboard {

std::string DescribeEnd(int status) {
  if (WIFEXITED(status)) return fmt::format("exited with code {}", WEXITSTATUS(status));
  return fmt::format("was killed by {}{}", CSignals::Name(WTERMSIG(status)), WCOREDUMP(status) ? " (core dumped)" : "");
}

}  // namespace switchboard
