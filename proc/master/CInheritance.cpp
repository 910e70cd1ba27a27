#include "proc/master/CInheritance.h"

#include <fcntl.h>

#include <cstdlib>
#include <stdexcept>

namespace switchboard {

namespace {

constexpr const char* kListeners = "SWITCHBOARD_LISTENERS";
constexpr const char* kVerdict = "SWITCHBOARD_VERDICT";

std::string TakeVariable(const char* p_name) {
  const char* p_value = std::getenv(p_name);
  const std::string value = p_value == nullptr ? "" : p_value;
  unsetenv(p_name);
  return value;
}

}  // namespace

void CInheritance::Leave(const CListenerStore& listeners, int verdict) {
  setenv(kListeners, listeners.ToText().c_str(), 1);
  setenv(kVerdict, std::to_string(verdict).c_str(), 1);
  for (const int fd : listeners.Descriptors()) fcntl(fd, F_SETFD, 0);
  fcntl(verdict, F_SETFD, 0);
}

CInheritance::CInheritance() : m_listeners(TakeVariable(kListeners)) {
  const std::string verdict = TakeVariable(kVerdict);
  if (verdict.empty()) return;
  const int fd = std::atoi(verdict.c_str());
  if (fd <= 2 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    throw std::runtime_error(std::string(kVerdict) + "=" + verdict + ": this is for the next binary at an upgrade");
  }
  m_verdict.Reset(fd);
}

}  // namespace switchboard
