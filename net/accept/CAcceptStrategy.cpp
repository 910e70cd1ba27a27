#include "net/accept/CAcceptStrategy.h"

namespace switchboard {

bool CAcceptStrategy::AcceptFrom(int socket, SNewcomer& newcomer) {
  socklen_t size = sizeof(newcomer.address);
  auto* const p_address = reinterpret_cast<sockaddr*>(&newcomer.address);
  newcomer.fd.Reset(::accept4(socket, p_address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return newcomer.fd.IsValid();
}

}  // namespace switchboard
