#pragma once

#include <functional>
#include <string>

namespace switchboard {

// What `question` answers to the user that workers become (server.user; "": nobody else), whose rights a root that
// starts them doesn't have in mind: it is asked in a process of its own. At most 4,000 bytes.
// Threads: the only one of its process.
std::string AskAsUser(const std::string& user, const std::function<std::string()>& question);

}  // namespace switchboard
