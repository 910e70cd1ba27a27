#include "proc/master/CInheritance.h"

#include <fcntl.h>

#include <cstdlib>
#include <stdexcept>

namespace switchboard {

namespace {

constexpr const char* kListeners = "SWITCHBOARD_LISTENERS";
constexpr const char* kProcesses = "SWITCHBOARD_PROCESSES";
constexpr const char* kVerdict = "SWITCHBOARD_VERDICT";

std::string TakeVariable(const char* p_name) {
  const char* p_value = std::getenv(p_name);
  const std::string value = p_value == nullptr ? "" : p_value;
  unsetenv(p_name);
  return value;
}

// Invalid when the variable isn't there.
CFd TakeDescriptor(const char* p_name) {
  const std::string value = TakeVariable(p_name);
  if (value.empty()) return CFd();
  const int fd = std::atoi(value.c_str());
  if (fd <= 2 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    throw std::runtime_error(std::string(p_name) + "=" + value + ": this is for the next binary at an upgrade");
  }
  return CFd(fd);
}

void LeaveDescriptor(const char* p_name, int fd) {
  setenv(p_name, std::to_string(fd).c_str(), 1);
  fcntl(fd, F_SETFD, 0);
}

}  // namespace

void CInheritance::Leave(const CListenerStore& listeners, const CProcessNumbers& numbers, int verdict) {
  setenv(kListeners, listeners.ToText().c_str(), 1);
  for (const int fd : listeners.Descriptors()) fcntl(fd, F_SETFD, 0);
  LeaveDescriptor(kProcesses, numbers.Descriptor());
  LeaveDescriptor(kVerdict, verdict);
}

CInheritance::CInheritance()
    : m_verdict(TakeDescriptor(kVerdict)),
      m_numbers(TakeDescriptor(kProcesses)),
      m_listeners(TakeVariable(kListeners)) {}

}  // namespace switchboard
