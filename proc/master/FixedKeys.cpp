#include "proc/master/FixedKeys.h"

#include "misc/config/CConfigValues.h"

namespace switchboard {

std::vector<std::string> KeepFixedKeys(const SConfig& running, SConfig& fresh) {
  std::vector<std::string> ignored = fresh.sections.KeepFixed(running.sections);
  // The only section of the framework with such keys.
  CConfigValues::KeepFixed(*CConfig::Framework().Find("server"), &running.server, &fresh.server, ignored);
  return ignored;
}

}  // namespace switchboard
