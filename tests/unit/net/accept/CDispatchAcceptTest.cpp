#include "net/accept/CDispatchAccept.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

namespace switchboard {
namespace {

constexpr uint64_t kKey = 7;

class CDispatchAcceptTest : public testing::Test {
 protected:
  static CFd Client() { return CFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
  bool IsReady() {
    std::array<epoll_event, 4> events;
    return !m_epoll.Wait(events, MonotonicTime{}, MonotonicTime{}).empty();
  }
  bool HasRung() {
    CEpoll epoll;
    epoll.Add(m_bell.Fd(), EPOLLIN, 0);
    std::array<epoll_event, 4> events;
    const bool hasRung = !epoll.Wait(events, MonotonicTime{}, MonotonicTime{}).empty();
    m_bell.Clear();
    return hasRung;
  }

  CEpoll m_epoll;
  CWakeup m_bell;
  SHandOver m_handOver;
  CDispatchAccept m_accept{m_handOver, m_bell};
  SNewcomer m_newcomer;
};

TEST_F(CDispatchAcceptTest, WhatIsPostedIsTakenInOrderAndTheMasterHearsOfIt) {
  ASSERT_TRUE(m_accept.Arm(m_epoll, kKey));
  EXPECT_FALSE(IsReady());
  m_accept.Post(Client(), 1);
  m_accept.Post(Client(), 2);
  EXPECT_TRUE(IsReady());
  ASSERT_TRUE(m_accept.Begin());
  for (const uint32_t listener : {1U, 2U}) {
    ASSERT_TRUE(m_accept.Next(m_newcomer));
    EXPECT_EQ(m_newcomer.listener, listener);
    EXPECT_TRUE(m_newcomer.fd.IsValid());
    m_accept.OnAdopted();
  }
  EXPECT_FALSE(m_accept.Next(m_newcomer));
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_FALSE(HasRung());
  m_accept.End(m_epoll, kKey);
  EXPECT_TRUE(HasRung());
  EXPECT_EQ(m_handOver.taken.load(), 2U);
  EXPECT_FALSE(IsReady());
}

TEST_F(CDispatchAcceptTest, WhatABatchLeavesIsReadyAgain) {
  ASSERT_TRUE(m_accept.Arm(m_epoll, kKey));
  m_accept.Post(Client(), 1);
  m_accept.Post(Client(), 2);
  ASSERT_TRUE(m_accept.Next(m_newcomer));
  m_accept.OnAdopted();
  m_accept.End(m_epoll, kKey);
  EXPECT_TRUE(IsReady());
  // Also for one that rests in between.
  m_accept.Disarm(m_epoll);
  EXPECT_FALSE(IsReady());
  ASSERT_TRUE(m_accept.Arm(m_epoll, kKey));
  EXPECT_TRUE(IsReady());
}

TEST_F(CDispatchAcceptTest, WhoGotLostIsMarked) {
  ASSERT_TRUE(m_accept.Arm(m_epoll, kKey));
  m_accept.Post(Client(), 1);
  m_accept.Post(CFd(), 2);
  m_accept.Post(Client(), 3);
  for (const uint32_t listener : {1U, 3U}) {
    ASSERT_TRUE(m_accept.Next(m_newcomer));
    EXPECT_EQ(m_newcomer.listener, listener);
    m_accept.OnAdopted();
  }
  EXPECT_EQ(m_handOver.taken.load(), 3U);
  EXPECT_EQ(m_handOver.missed.load(), SHandOver::MissedBit(1));
  EXPECT_FALSE(m_accept.Next(m_newcomer));
  EXPECT_EQ(errno, EMFILE) << "so that accepting rests, which is logged and counted";
  EXPECT_FALSE(m_accept.Next(m_newcomer));
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(CDispatchAcceptTest, WhatIsNotTakenIsGivenBack) {
  ASSERT_TRUE(m_accept.Arm(m_epoll, kKey));
  CFd client = Client();
  const int number = client.Get();
  m_accept.Post(std::move(client), 1);
  m_accept.Close(m_epoll);
  EXPECT_TRUE(m_handOver.isOver.load());
  EXPECT_EQ(m_handOver.taken.load(), 0U);
  EXPECT_TRUE(HasRung());
  struct stat unused {};
  EXPECT_EQ(fstat(number, &unused), -1) << "its duplicate is closed here";
}

}  // namespace
}  // namespace switchboard
