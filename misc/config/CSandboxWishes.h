#pragma once

#include <functional>
#include <string>
#include <typeindex>
#include <vector>

namespace switchboard {

// What a logic, or a part that it owns, needs of the system beyond what every worker may do, said
// in its Describe, for the sandbox (server.sandbox). Without a word every worker may
//  - read and write beneath server.working_directory, unless that is "/";
//  - read the roots of its listeners, and read or write transfer.root;
//  - read what libraries need: programs and libraries of the system, time zones, certificates, name
//    services;
//  - start threads, and use the clients' connections.
// Whatever else isn't asked for is refused while the worker serves: a file with EACCES, a socket, a
// process or a program with EPERM, also where the user would be allowed to. The logic is built
// inside of the sandbox already. With server.sandbox = "off" nothing is refused, and with "auto" only
// what the kernel can refuse: files by Landlock, the rest by seccomp.
//
//   schema.Sandbox()
//       .AllowRead(&SGameConfig::levels)  // the folder that a key names
//       .AllowWrite("/var/lib/game")      // and what is there may be read
//       .AllowSockets();                  // for the database
//
// Wishes add up, and can't be taken back. Threads: one, until the schema is complete; then any.
class CSandboxWishes {
 public:
  // Of one path: a file, or a folder with all that is beneath it.
  struct SPath {
    bool isToBeWritten = false;
    // Relative to server.working_directory.
    std::string path;
    // Instead of `path`, if `read` isn't empty: what it makes of the section whose values are in a
    // `section`.
    std::type_index section = typeid(void);
    std::function<std::string(const void* p_section)> read = {};
  };

  // Files may be read, and folders listed; a relative path is one of server.working_directory. What
  // doesn't exist when a worker starts can't be allowed, and isn't an error: what is made later
  // stays out of reach.
  CSandboxWishes& AllowRead(std::string path);
  // The same, by the value of a key: a member of a T that Describe declares as a section,
  // AllowRead(&SGameConfig::levels). It is looked up when a worker starts, so it may change at a
  // reload. "" is nothing.
  template <class T>
  CSandboxWishes& AllowRead(std::string T::*p_member) {
    return Add(false, typeid(T), [p_member](const void* p) { return static_cast<const T*>(p)->*p_member; });
  }
  // Files may be read, made, changed, renamed and removed, folders as well. Programs there can't be
  // run.
  CSandboxWishes& AllowWrite(std::string path);
  template <class T>
  CSandboxWishes& AllowWrite(std::string T::*p_member) {
    return Add(true, typeid(T), [p_member](const void* p) { return static_cast<const T*>(p)->*p_member; });
  }
  // Processes may be started, and programs run, of the system's folders (/usr, /bin, /opt …) and
  // the paths that may be read. They stay in the same sandbox, and can't gain privileges, as by a
  // set-user-ID bit. The wait for them is the logic's: in a handler with Run::kBlocking, or a
  // thread of its own.
  CSandboxWishes& AllowExec();
  // Sockets of the worker's own may be opened, over IP (no raw ones) and between processes: to
  // reach a database.
  CSandboxWishes& AllowSockets();

  // For the sandbox.
  const std::vector<SPath>& Paths() const { return m_paths; }
  bool MayExec() const { return m_mayExec; }
  bool MaySockets() const { return m_maySockets; }

 private:
  CSandboxWishes& Add(bool isToBeWritten, std::type_index section, std::function<std::string(const void*)> read);

  std::vector<SPath> m_paths;
  bool m_mayExec = false;
  bool m_maySockets = false;
};

}  // namespace switchboard
