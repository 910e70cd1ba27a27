#include "proc/master/FixedKeys.h"

#include <utility>

namespace switchboard {

namespace {

template <class T>
void Keep(std::string_view name, const T& running, T& fresh, std::vector<std::string_view>& ignored) {
  if (std::exchange(fresh, running) != running) ignored.push_back(name);
}

}  // namespace

std::vector<std::string_view> KeepFixedKeys(const SConfig& running, SConfig& fresh) {
  std::vector<std::string_view> ignored;
  Keep("server.daemon", running.server.daemon, fresh.server.daemon, ignored);
  Keep("server.user", running.server.user, fresh.server.user, ignored);
  Keep("server.pid_file", running.server.pid_file, fresh.server.pid_file, ignored);
  Keep("server.working_directory", running.server.working_directory, fresh.server.working_directory, ignored);
  return ignored;
}

}  // namespace switchboard
