#include "misc/file/CloseForeign.h"

#include <sys/socket.h>

#include <utility>

namespace switchboard {

namespace {

bool IsListening(int fd) {
  int isListening = 0;
  socklen_t size = sizeof(isListening);
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 && isListening != 0;
}

bool Lingers(int fd) {
  linger state{};
  socklen_t size = sizeof(state);
  return ::getsockopt(fd, SOL_SOCKET, SO_LINGER, &state, &size) == 0 && state.l_onoff != 0 && state.l_linger != 0;
}

}  // namespace

// Not by an option, which the other could set anew in between: what is dissolved has nobody to wait for. A listening
// socket hasn't either, and may be in use.
void CloseForeign(CFd fd) {
  if (!fd.IsValid() || IsListening(fd.Get())) return;
  const sockaddr nobody{AF_UNSPEC, {}};
  [[maybe_unused]] const int ignored = ::connect(fd.Get(), &nobody, sizeof(nobody));
}

void CloseShared(CFd fd) {
  if (fd.IsValid() && Lingers(fd.Get())) CloseForeign(std::move(fd));
}

}  // namespace switchboard
