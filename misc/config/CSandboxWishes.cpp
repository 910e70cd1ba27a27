#include "misc/config/CSandboxWishes.h"

#include <utility>

namespace switchboard {

CSandboxWishes& CSandboxWishes::AllowRead(std::string path) {
  m_paths.push_back({false, std::move(path)});
  return *this;
}

CSandboxWishes& CSandboxWishes::AllowWrite(std::string path) {
  m_paths.push_back({true, std::move(path)});
  return *this;
}

CSandboxWishes& CSandboxWishes::AllowExec() {
  m_mayExec = true;
  return *this;
}

CSandboxWishes& CSandboxWishes::AllowSockets() {
  m_maySockets = true;
  return *this;
}

CSandboxWishes& CSandboxWishes::Add(bool isToBeWritten, std::type_index section,
                                    std::function<std::string(const void*)> read) {
  m_paths.push_back({isToBeWritten, {}, section, std::move(read)});
  return *this;
}

}  // namespace switchboard
