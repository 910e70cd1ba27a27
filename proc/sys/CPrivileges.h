#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace switchboard {

// The user that the workers run as (server.user).
// Threads: one in each process.
class CPrivileges {
 public:
  // An empty name keeps the user that started the server. Throws std::runtime_error with one line when the user does
  // not exist, or when it is another one and the server was not started as root.
  explicit CPrivileges(const std::string& user);

  // Gives a file to that user, so that the workers can open it again. Nothing to do for the user's own files. Only a
  // plain file that has this one name, and no link to one. Throws std::system_error.
  void GiveFile(const std::string& path) const;

  // Becomes that user, for good: group, further groups, user, no capabilities, no new privileges, and a check that
  // there is no way back. What needs root has been opened before. Throws std::system_error.
  void Drop() const;

 private:
  void CheckDropped() const;

  struct SUser {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
  };

  std::optional<SUser> m_user;  // none: nothing to drop
};

}  // namespace switchboard
