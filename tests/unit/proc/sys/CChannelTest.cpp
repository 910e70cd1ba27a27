#include "proc/sys/CChannel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace switchboard {
namespace {

bool IsSameFile(int first, int second) {
  struct stat a {};
  struct stat b {};
  return fstat(first, &a) == 0 && fstat(second, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
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

}  // namespace
}  // namespace switchboard
