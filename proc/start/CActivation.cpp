#include "proc/start/CActivation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "proc/sys/CSocketAddress.h"

namespace switchboard {

CActivation::CActivation() {
  // Sets close-on-exec as well.
  const int count = sd_listen_fds(1);
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
    CFd owned(fd);
    const bool isListener =
        sd_is_socket_inet(fd, AF_INET, SOCK_STREAM, 1, 0) > 0 || sd_is_socket_inet(fd, AF_INET6, SOCK_STREAM, 1, 0) > 0;
    if (!isListener) {
      throw std::runtime_error(fmt::format("LISTEN_FDS: descriptor {} is no listening TCP socket", fd));
    }
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
      throw std::system_error(errno, std::generic_category(), "LISTEN_FDS: fcntl");
    }
    m_sockets.push_back({CSocketAddress::OfSocket(fd).ToString(), std::move(owned)});
  }
}

CFd CActivation::Take(const std::string& address) {
  const auto found = std::find_if(m_sockets.begin(), m_sockets.end(),
                                  [&](const SSocket& socket) { return socket.address == address; });
  if (found == m_sockets.end()) return CFd();
  CFd fd = std::move(found->fd);
  m_sockets.erase(found);
  return fd;
}

std::vector<std::string> CActivation::Addresses() const {
  std::vector<std::string> addresses;
  for (const SSocket& socket : m_sockets) addresses.push_back(socket.address);
  return addresses;
}

}  // namespace switchboard
