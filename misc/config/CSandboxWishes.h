#pragma once

#include <functional>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

namespace switchboard {

// What a logic, or a part that it owns, needs of the system beyond what every worker may do: said in its Describe, for
// the sandbox (server.sandbox). Whatever isn't asked for is refused while the worker serves, with EPERM or EACCES.
// Threads: one, until the schema is complete; then any.
class CSandboxWishes {
 public:
  // Of one path: a file, or a folder with all that is beneath it.
  struct SPath {
    bool isToBeWritten = false;
    std::string path;  // relative to server.working_directory
    // Instead of `path`, if `read` isn't empty: what it makes of the section whose values are in a `type`.
    std::type_index section = typeid(void);
    std::function<std::string(const void* p_section)> read = {};
  };

  // Files may be read; what doesn't exist at the worker's start can't be allowed.
  CSandboxWishes& AllowRead(std::string path) { return Add({false, std::move(path)}); }
  // The same, by a value of the logic's own section: a member of a T, AllowRead(&STConfig::folder). "" is nothing.
  template <class T>
  CSandboxWishes& AllowRead(std::string T::*p_member) {
    return Add(ValueOf(false, p_member));
  }
  // Files may be read, made, changed, renamed and removed.
  CSandboxWishes& AllowWrite(std::string path) { return Add({true, std::move(path)}); }
  template <class T>
  CSandboxWishes& AllowWrite(std::string T::*p_member) {
    return Add(ValueOf(true, p_member));
  }
  // Processes may be started, and programs run, of the system's folders and the paths that may be read. They stay in
  // the same sandbox.
  CSandboxWishes& AllowExec() {
    m_mayExec = true;
    return *this;
  }
  // Sockets of the worker's own may be opened, over IP (no raw ones) and between processes: to reach a database.
  CSandboxWishes& AllowSockets() {
    m_maySockets = true;
    return *this;
  }

  const std::vector<SPath>& Paths() const { return m_paths; }
  bool MayExec() const { return m_mayExec; }
  bool MaySockets() const { return m_maySockets; }

 private:
  template <class T>
  static SPath ValueOf(bool isToBeWritten, std::string T::*p_member) {
    return {isToBeWritten, {}, typeid(T), [p_member](const void* p) { return static_cast<const T*>(p)->*p_member; }};
  }
  CSandboxWishes& Add(SPath path) {
    m_paths.push_back(std::move(path));
    return *this;
  }

  std::vector<SPath> m_paths;
  bool m_mayExec = false;
  bool m_maySockets = false;
};

}  // namespace switchboard
