#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <vector>

#include "misc/file/CFd.h"

namespace switchboard::sim {

// Where connections go: a TCP server with one or more addresses, and the addresses of ours that they come from.
// Threads: any; constant after construction.
class CEndpoint {
 public:
  // `text` is HOST:PORT or [HOST]:PORT; a name is looked up, which may block. Each of `sources` is an address of this
  // machine, for about 28,000 connections each. Throws std::invalid_argument.
  explicit CEndpoint(const std::string& text, const std::vector<std::string>& sources = {});

  const std::string& Text() const { return m_text; }
  // How many addresses the name has; at least 1.
  size_t Addresses() const { return m_servers.size(); }
  // Each is in 127.0.0.0/8, or ::1.
  bool IsLoopback() const;
  // Opens a TCP socket with TCP_NODELAY and begins to connect it; `flags` may hold SOCK_NONBLOCK. `address` counts the
  // server's addresses from 0; connections with different `source` come from our sources in turn. Returns 0 or an
  // errno, EINPROGRESS among them; `socket` is valid with both 0 and EINPROGRESS.
  int Connect(int flags, CFd& socket, size_t address = 0, size_t source = 0) const;
  // How the connect of a non-blocking socket, which is writable now, has ended: 0 or an errno.
  static int ConnectErrorOf(const CFd& socket);

  // Opens a non-blocking socket that listens on the address; port 0 stands for any free one. Throws std::system_error.
  CFd Listen() const;
  // HOST:PORT of the own end of a socket.
  static std::string LocalTextOf(const CFd& socket);

 private:
  struct SAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
  };

  static std::vector<SAddress> LookUp(const std::string& host, const char* p_port, const std::string& text);
  static bool IsLoopback(const sockaddr_storage& address);
  // Returns 0 or an errno.
  int BindTo(int socket, const SAddress& server, size_t source) const;

  std::string m_text;
  std::vector<SAddress> m_servers;
  std::vector<SAddress> m_sources;
};

}  // namespace switchboard::sim
