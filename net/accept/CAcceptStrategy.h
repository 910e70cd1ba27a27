#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "misc/file/CFd.h"
#include "net/conn/CEpoll.h"

namespace switchboard {

// One client, as it comes.
struct SNewcomer {
  CFd fd;
  sockaddr_storage address{};
  uint32_t listener = 0;  // the index of its [[listener]] in the configuration
};

// One source of clients, in one of the ways in which workers share the work of accepting ([[listener]] accept).
// Threads: sb-io, but for what a subclass says of its own.
class CAcceptStrategy {
 public:
  virtual ~CAcceptStrategy() = default;

  // From now on `key` is ready when somebody may wait. False, with errno set, when the kernel refuses: then nothing is.
  virtual bool Arm(CEpoll& epoll, uint64_t key) = 0;
  // No more. Whoever waits is left to the others, or to the next Arm.
  virtual void Disarm(CEpoll& epoll) = 0;

  // `key` was ready: a batch begins. False when there is nothing to do, and then there is no End.
  virtual bool Begin() { return true; }
  // The next client of the batch; false, with the errno of accept(2), when there is none or it failed.
  virtual bool Next(SNewcomer& newcomer) = 0;
  // The last client that Next gave has become a connection.
  virtual void OnAdopted() {}
  // The batch is over; the key gets ready again if more of them wait. False, with errno set, when the kernel refuses.
  virtual bool End(CEpoll&, uint64_t) { return true; }

  // Whether nobody else gets those whom Next has yet to give, as long as the server lives.
  virtual bool IsOwed() const { return false; }
  // No more, for good.
  virtual void Close(CEpoll& epoll) { Disarm(epoll); }

  // accept(2), non-blocking and close-on-exec; the result is that of Next.
  static bool AcceptFrom(int socket, SNewcomer& newcomer);
};

}  // namespace switchboard
