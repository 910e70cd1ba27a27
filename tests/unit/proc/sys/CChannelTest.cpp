#include "proc/sys/CChannel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "misc/file/CloseForeign.h"

namespace switchboard {
namespace {

bool IsSameFile(int first, int second) {
  struct stat a {};
  struct stat b {};
  return fstat(first, &a) == 0 && fstat(second, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// A connection whose last close waits: there are bytes for the peer, which takes none, and SO_LINGER says how long.
struct SLingering {
  SLingering() {
    const CFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const p_address = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener.Get(), p_address, size), 0);
    EXPECT_EQ(listen(listener.Get(), 1), 0);
    EXPECT_EQ(getsockname(listener.Get(), p_address, &size), 0);
    peer = CFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(peer.Get(), p_address, size), 0);
    fd = CFd(accept4(listener.Get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    const linger patience{1, 300};
    EXPECT_EQ(setsockopt(fd.Get(), SOL_SOCKET, SO_LINGER, &patience, sizeof(patience)), 0);
    const std::string bytes(100000, 'x');
    while (send(fd.Get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
  }
  CFd peer;
  CFd fd;
};

// Whether it ends, in another process, before somebody would call it hanging.
bool Ends(const std::function<void()>& act) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(10);
    act();
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status);
}

TEST(CChannelTest, MessagesKeepTheirBoundaries) {
  auto [left, right] = CChannel::MakePair();
  ASSERT_TRUE(left.Send({EMessage::kFailed, 0, "one", {}}));
  ASSERT_TRUE(left.Send({EMessage::kReady, 0, {}, {}}));

  SMessage message;
  ASSERT_EQ(right.Receive(message), CChannel::EReceive::kMessage);
  EXPECT_EQ(message.kind, EMessage::kFailed);
  EXPECT_EQ(message.text, "one");
  EXPECT_FALSE(message.fd.IsValid());
  ASSERT_EQ(right.Receive(message), CChannel::EReceive::kMessage);
  EXPECT_EQ(message.kind, EMessage::kReady);
  EXPECT_EQ(message.text, "");
  EXPECT_EQ(right.Receive(message), CChannel::EReceive::kNothing);
}

TEST(CChannelTest, DescriptorArrivesAsACloseOnExecDuplicate) {
  auto [left, right] = CChannel::MakePair();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const CFd other(ends[1]);
  const SMessage sent{EMessage::kListener, 3, {}, CFd(ends[0])};
  ASSERT_TRUE(left.Send(sent));

  SMessage message;
  ASSERT_EQ(right.Receive(message), CChannel::EReceive::kMessage);
  EXPECT_EQ(message.kind, EMessage::kListener);
  EXPECT_EQ(message.listener, 3u);
  ASSERT_TRUE(message.fd.IsValid());
  EXPECT_NE(message.fd.Get(), sent.fd.Get());
  EXPECT_TRUE(IsSameFile(message.fd.Get(), sent.fd.Get()));
  EXPECT_NE(fcntl(message.fd.Get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(CChannelTest, EndOfTheOtherSideShowsAfterItsLastWords) {
  auto [left, right] = CChannel::MakePair();
  ASSERT_TRUE(left.Send({EMessage::kFailed, 0, "no database", {}}));
  left.Close();
  SMessage message;
  ASSERT_EQ(right.Receive(message), CChannel::EReceive::kMessage);
  EXPECT_EQ(message.text, "no database");
  EXPECT_EQ(right.Receive(message), CChannel::EReceive::kClosed);
  EXPECT_FALSE(right.Send({EMessage::kReady, 0, {}, {}}));
}

TEST(CChannelTest, TheLastWordsOfOneWhoHasNotReadEverythingArrive) {
  auto [left, right] = CChannel::MakePair();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const CFd other(ends[1]);
  ASSERT_TRUE(right.Send({EMessage::kListener, 3, {}, CFd(ends[0])}));
  ASSERT_TRUE(left.Send({EMessage::kReason, 0, {}, {}}));
  right.Close();
  SMessage message;
  ASSERT_EQ(left.Receive(message), CChannel::EReceive::kMessage);
  EXPECT_EQ(message.kind, EMessage::kListener);
  EXPECT_TRUE(message.fd.IsValid());
  EXPECT_EQ(left.Receive(message), CChannel::EReceive::kClosed);
}

TEST(CChannelTest, AReasonArrives) {
  auto [left, right] = CChannel::MakePair();
  ASSERT_TRUE(left.TrySend({EMessage::kReason, 0, {}, {}, EGoAwayReason::kRetire}));
  SMessage message;
  ASSERT_EQ(right.Receive(message), CChannel::EReceive::kMessage);
  EXPECT_EQ(message.kind, EMessage::kReason);
  EXPECT_EQ(message.reason, EGoAwayReason::kRetire);
}

TEST(CChannelTest, TrySendDoesNotWaitForSomebodyWhoHangs) {
  auto [left, right] = CChannel::MakePair();
  uint32_t sent = 0;
  while (left.TrySend({EMessage::kReason, 0, {}, {}}) && sent < 1000000) ++sent;
  EXPECT_GT(sent, 10u);
  EXPECT_LT(sent, 1000000u);
  SMessage message;
  ASSERT_EQ(right.Receive(message), CChannel::EReceive::kMessage);
  EXPECT_TRUE(left.TrySend({EMessage::kReason, 0, {}, {}}));
}

TEST(CChannelTest, LongTextIsCut) {
  auto [left, right] = CChannel::MakePair();
  ASSERT_TRUE(left.Send({EMessage::kFailed, 0, std::string(100000, 'x'), {}}));
  SMessage message;
  ASSERT_EQ(right.Receive(message), CChannel::EReceive::kMessage);
  EXPECT_EQ(message.text, std::string(CChannel::kMaxText, 'x'));
}

TEST(CChannelTest, SendWaitsWhileTheLineIsFull) {
  auto [left, right] = CChannel::MakePair();
  constexpr uint32_t kCount = 2000;
  std::thread sender([&left = left] {
    for (uint32_t i = 0; i < kCount; ++i) EXPECT_TRUE(left.Send({EMessage::kListener, i, {}, {}}));
    left.Close();
  });
  uint32_t received = 0;
  SMessage message;
  CChannel::EReceive result = CChannel::EReceive::kNothing;
  while (result != CChannel::EReceive::kClosed) {
    result = right.Receive(message);
    if (result == CChannel::EReceive::kNothing) std::this_thread::yield();
    if (result == CChannel::EReceive::kMessage) {
      EXPECT_EQ(message.listener, received++);
    }
  }
  sender.join();
  EXPECT_EQ(received, kCount);
}

TEST(CChannelTest, ADescriptorThatLingersIsClosedAtOnceWhoeverReceivesIt) {
  auto [left, right] = CChannel::MakePair();
  SLingering lingering;
  SMessage sent{EMessage::kListener, 0, {}, std::move(lingering.fd)};
  ASSERT_TRUE(left.Send(sent));
  sent.fd.Reset();  // what is on its way is the last one
  EXPECT_TRUE(Ends([&right = right] {
    SMessage message;
    if (right.Receive(message) != CChannel::EReceive::kMessage || !message.fd.IsValid()) _exit(1);
    CloseForeign(std::move(message.fd));
  }));
}

TEST(CChannelTest, TheEndWaitsForNobodyWhateverHasBeenSent) {
  auto [left, right] = CChannel::MakePair();
  SLingering lingering;
  SMessage sent{EMessage::kListener, 0, {}, std::move(lingering.fd)};
  ASSERT_TRUE(left.Send(sent));
  ASSERT_TRUE(left.Send({EMessage::kReady, 0, {}, {}}));
  sent.fd.Reset();
  left.Close();
  EXPECT_TRUE(Ends([&right = right] { right.End(); }));
  SMessage message;
  EXPECT_EQ(right.Receive(message), CChannel::EReceive::kClosed) << "something was left";
}

TEST(CChannelTest, ASharedConnectionGoesOnUnlessItLingers) {
  SLingering lingering;
  CFd duplicate(fcntl(lingering.fd.Get(), F_DUPFD_CLOEXEC, 0));
  const linger none{0, 0};
  ASSERT_EQ(setsockopt(lingering.fd.Get(), SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
  CloseShared(std::move(duplicate));
  char byte = 0;
  EXPECT_EQ(recv(lingering.peer.Get(), &byte, 1, 0), 1);
  const linger patience{1, 300};
  ASSERT_EQ(setsockopt(lingering.fd.Get(), SOL_SOCKET, SO_LINGER, &patience, sizeof(patience)), 0);
  CloseShared(std::move(lingering.fd));
  while (recv(lingering.peer.Get(), &byte, 1, 0) > 0) {
  }
  EXPECT_EQ(errno, ECONNRESET);
}

}  // namespace
}  // namespace switchboard
