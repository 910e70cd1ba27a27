#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "misc/file/CFd.h"

namespace switchboard {

// The listening sockets that the service manager (systemd's socket activation: LISTEN_FDS) has opened for the server.
// Threads: one, the only one of its process.
class CActivation {
 public:
  // Takes them over, and the variables out of the environment. Call it before the process detaches: they are meant for
  // the pid that it was started with. Throws std::runtime_error with one line when one is no listening TCP socket.
  CActivation();
  CActivation(const CActivation&) = delete;
  CActivation& operator=(const CActivation&) = delete;

  // The socket that listens on exactly this address, as "127.0.0.1:9000" or "[::]:9000"; invalid when there is none.
  CFd Take(const std::string& address);
  // The addresses of those that nobody has taken.
  std::vector<std::string> Addresses() const;

 private:
  struct SSocket {
    std::string address;
    CFd fd;
  };

  std::vector<SSocket> m_sockets;
};

}  // namespace switchboard
