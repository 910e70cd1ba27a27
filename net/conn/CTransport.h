#pragma once

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include "misc/file/SFileRange.h"

namespace switchboard {

// Moves the bytes of one connection between the server and its peer. This is the plain one: the socket itself, without
// a state and without a virtual call. The roles read and write through here alone, so another transport is one more
// case in this room. All calls return at once, and what the system calls return, with errno.
// Threads: Read and DropInput by the owner of the read half, the others by that of the write half.
class CTransport {
 public:
  // Bytes that were read into `to`; 0 at the end of the stream, -1 when there is nothing (IsTemporary) or it broke.
  static ssize_t Read(int socket, std::span<std::byte> to) { return Receive(socket, to.data(), to.size()); }
  // Takes what the peer has sent out of the kernel's buffer, up to a bound: closing over unread bytes would reset the
  // connection, and the reset can overtake the last answer.
  // True when there was something.
  static bool DropInput(int socket) {
    std::byte dropped[16 * 1024];
    int i = 0;
    for (; i < 16; ++i) {
      if (Receive(socket, dropped, sizeof(dropped)) <= 0) break;
    }
    return i > 0;
  }

  // `hasMore`: what follows at once shares a segment with it.
  static ssize_t Write(int socket, std::span<const std::byte> bytes, bool hasMore = false) {
    return Send(socket, bytes.data(), bytes.size(), FlagsOf(hasMore));
  }
  static ssize_t Write(int socket, std::span<iovec> pieces, bool hasMore) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return ::sendmsg(socket, &message, FlagsOf(hasMore));
  }
  // At most `most` bytes of the file's part. 0: the file has got shorter.
  static ssize_t WriteFile(int socket, const SFileRange& range, uint64_t most) {
    auto offset = static_cast<off_t>(range.offset);
    return ::sendfile(socket, range.p_file->Get(), &offset, std::min(range.length, most));
  }
  // Between the pieces of a large file the kernel keeps what is no full segment: the peer is woken less often. What is
  // left is sent when the cork is taken out.
  static void SetCork(int socket, bool isCorked) {
    const int value = isCorked ? 1 : 0;
    ::setsockopt(socket, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
  }
  // Bytes that the kernel has for the peer and that the peer hasn't acknowledged.
  static uint64_t UnsentBytes(int socket) {
    int bytes = 0;
    return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
  }
  static bool HasUnsent(int socket) { return UnsentBytes(socket) > 0; }
  // The close that follows is a reset if the peer leaves something: the kernel would keep that for minutes, and try.
  static void ResetIfUnsent(int socket) {
    if (!HasUnsent(socket)) return;
    const linger reset{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  // After the close that follows, the kernel gives the peer so long to take something of what it leaves.
  static void GiveUpAfter(int socket, unsigned int milliseconds) {
    if (!HasUnsent(socket)) return;
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
  }
  // The peer hears of the end of the stream, also while somebody else has a duplicate of the socket.
  static void EndWriting(int socket) { ::shutdown(socket, SHUT_WR); }

  // Whether a call that returned -1 may be tried again when epoll says so.
  static bool IsTemporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

 private:
  // For the C library recv and send are points where a thread may be cancelled, which costs two locked exchanges each;
  // nobody cancels threads here. The sanitizers look at the library's calls.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(SYS_recvfrom) || !defined(SYS_sendto)
  static ssize_t Receive(int socket, void* p_to, size_t bytes) { return ::recv(socket, p_to, bytes, MSG_DONTWAIT); }
  static ssize_t Send(int socket, const void* p_from, size_t bytes, int flags) {
    return ::send(socket, p_from, bytes, flags);
  }
#else
  static ssize_t Receive(int socket, void* p_to, size_t bytes) {
    return ::syscall(SYS_recvfrom, socket, p_to, bytes, MSG_DONTWAIT, nullptr, nullptr);
  }
  static ssize_t Send(int socket, const void* p_from, size_t bytes, int flags) {
    return ::syscall(SYS_sendto, socket, p_from, bytes, flags, nullptr, 0);
  }
#endif
  static int FlagsOf(bool hasMore) { return MSG_NOSIGNAL | MSG_DONTWAIT | (hasMore ? MSG_MORE : 0); }
};

}  // namespace switchboard
