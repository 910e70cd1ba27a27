// Rooms and users over several workers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "net/wire/Wire.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {
namespace {

using testing::UnorderedElementsAreArray;

class CHubTest : public CSystemTest {
 protected:
  // A client and the worker that has it.
  struct SMember {
    explicit SMember(const CServerProcess& server) : client(server.Port()) {
      const STestPlace place = PlaceIn(Ask(client, kTestWhere));
      worker = place.worker;
      pid = static_cast<pid_t>(uint32_t{place.pid});
      session = Do("me");
    }
    std::string Do(const std::string& order) { return Ask(client, kTestHub, order).Text(); }

    CTestClient client;
    uint32_t worker = 0;
    pid_t pid = 0;
    std::string session;
  };

  // Connects until each worker has `each` of them.
  std::deque<SMember>& Connect(const CServerProcess& server, uint32_t workers, size_t each) {
    std::vector<size_t> counts(workers);
    while (*std::min_element(counts.begin(), counts.end()) < each) {
      SMember member(server);
      if (counts.at(member.worker)++ < each) m_members.push_back(std::move(member));
    }
    return m_members;
  }
  static SMember& Of(std::deque<SMember>& members, uint32_t worker) {
    return *std::find_if(members.begin(), members.end(), [&](const SMember& one) { return one.worker == worker; });
  }
  static std::vector<std::string> Lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  static std::vector<std::string> Sessions(const std::deque<SMember>& members) {
    std::vector<std::string> sessions;
    for (const SMember& member : members) sessions.push_back(member.session);
    return sessions;
  }
  static std::string NextText(CTestClient& client) {
    const SReceivedFrame frame = Next(client);
    EXPECT_EQ(frame.msgCode, kTestPush);
    return frame.Text();
  }
  static void ExpectBalance(const CServerProcess& server) {
    EXPECT_TRUE(Eventually([&] {
      return server.Count(ECounter::kHubPassed) == server.Count(ECounter::kHubTaken) &&
             server.Count(ECounter::kCopiesPublished) ==
                 server.Count(ECounter::kCopiesSent) + server.Count(ECounter::kCopiesMissed);
    }));
  }

  std::deque<SMember> m_members;
};

TEST_F(CHubTest, APublishReachesAllMembersOfAllWorkersOnceAndInOrder) {
  CServerProcess& server = StartWith({"server.workers=4"});
  std::deque<SMember>& members = Connect(server, 4, 3);
  for (SMember& member : members) ASSERT_EQ(member.Do("join lobby"), "yes");
  EXPECT_EQ(members[0].Do("count lobby"), "12");
  EXPECT_THAT(Lines(members[1].Do("members lobby")), UnorderedElementsAreArray(Sessions(members)));
  SMember publisher(server);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(publisher.Do("publish lobby|" + std::to_string(i)), "yes");
  for (SMember& member : members) {
    for (int i = 0; i < 50; ++i) ASSERT_EQ(NextText(member.client), std::to_string(i));
    // Nothing is behind it but the answer.
    EXPECT_EQ(member.Do("count nobody"), "0");
  }
  EXPECT_EQ(server.Count(ECounter::kCopiesPublished), 12U * 50U);
  ExpectBalance(server);
}

TEST_F(CHubTest, AJoinHoldsFromItsReturnOnForPublishesOfAnyWorker) {
  CServerProcess& server = StartWith({"server.workers=2"});
  std::deque<SMember>& members = Connect(server, 2, 1);
  SMember& joiner = Of(members, 0);
  SMember& publisher = Of(members, 1);
  for (int i = 0; i < 200; ++i) {
    const std::string room = "room " + std::to_string(i);
    ASSERT_EQ(joiner.Do("join " + room), "yes");
    ASSERT_EQ(publisher.Do("publish " + room + "|hello"), "yes");
    ASSERT_EQ(NextText(joiner.client), "hello");
    ASSERT_EQ(joiner.Do("leave " + room), "yes");
    ASSERT_EQ(publisher.Do("publish " + room + "|nobody"), "yes");
    ASSERT_EQ(joiner.Do("leave " + room), "no");
  }
}

TEST_F(CHubTest, AnAnswerComesBeforeAPublishToItsOwnSession) {
  CServerProcess& server = StartWith({"server.workers=2"});
  SMember member(server);
  ASSERT_EQ(member.Do("join mine"), "yes");
  Bytes requests;
  for (int i = 0; i < 3; ++i) Append(requests, MakeFrame(kTestHub, "publish mine|" + std::to_string(i)));
  ASSERT_TRUE(member.client.SendRaw(requests));
  // The publish is in the handler, before its own answer.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(NextText(member.client), std::to_string(i));
    EXPECT_EQ(Next(member.client).Text(), "yes");
  }
  EXPECT_EQ(member.Do("others mine|not me"), "yes");
  EXPECT_EQ(member.Do("count mine"), "1");
}

TEST_F(CHubTest, NamesEndWithTheirSessionAndWithTheirWorker) {
  ExpectComplaint("was killed by SIGKILL");
  CServerProcess& server = StartWith({"server.workers=4"});
  std::deque<SMember>& members = Connect(server, 4, 2);
  for (SMember& member : members) {
    ASSERT_EQ(member.Do("join lobby"), "yes");
    ASSERT_EQ(member.Do("bind user " + std::to_string(member.worker)), "yes");
  }
  SMember& witness = Of(members, 0);
  SMember& leaver = members.back().worker == 0 ? members.front() : members.back();
  const uint32_t leaversWorker = leaver.worker;
  leaver.client.Close();
  EXPECT_TRUE(Eventually([&] { return witness.Do("count lobby") == "7"; }));
  EXPECT_EQ(witness.Do("online user " + std::to_string(leaversWorker)), "yes");

  const uint32_t victimsSlot = leaversWorker == 1 ? 2 : 1;
  const pid_t victim = Of(members, victimsSlot).pid;
  kill(victim, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return witness.Do("count lobby") == "5"; }));
  EXPECT_EQ(witness.Do("online user " + std::to_string(victimsSlot)), "no");
  EXPECT_EQ(Lines(witness.Do("members lobby")).size(), 5U);
  ASSERT_TRUE(server.WaitForNewWorker(victimsSlot, victim));
  // The next one in its place is one of them.
  SMember next(server);
  while (next.worker != victimsSlot) next = SMember(server);
  ASSERT_EQ(next.Do("join lobby"), "yes");
  ASSERT_EQ(witness.Do("others lobby|again"), "yes");
  EXPECT_EQ(NextText(next.client), "again");
}

TEST_F(CHubTest, OfManyLoginsAtOnceTheLastOneStays) {
  CServerProcess& server = StartWith({"server.workers=4", "business.threads=2"});
  std::deque<SMember>& members = Connect(server, 4, 8);
  for (int round = 0; round < 3; ++round) {
    for (SMember& member : members) ASSERT_TRUE(member.client.SendFrame(kTestHub, "bind-replace alice"));
    SMember witness(server);
    ASSERT_TRUE(Eventually([&] { return server.Active() == 2; })) << server.Active();
    EXPECT_EQ(witness.Do("online alice"), "yes");
    ASSERT_EQ(Lines(witness.Do("members alice")).size(), 0U);  // a room of that name is another thing
    EXPECT_EQ(witness.Do("send-to alice|you"), "yes");
    size_t reached = 0;
    for (SMember& member : members) {
      while (const auto frame = member.client.ReceiveFrame()) {
        if (frame->msgCode != kTestPush) continue;
        ++reached;
        break;
      }
    }
    EXPECT_EQ(reached, 1U);
    EXPECT_EQ(witness.Do("close-user alice"), "yes");
    members.clear();
    witness.client.Close();
    ASSERT_TRUE(server.WaitForActive(0));
    Connect(server, 4, 8);
  }
  EXPECT_GE(server.Count(ECloseReason::kReplaced), 3U * 31U);
}

TEST_F(CHubTest, OfManyLoginsAtOnceTheFirstOneStays) {
  CServerProcess& server = StartWith({"server.workers=4", "business.threads=2"});
  std::deque<SMember>& members = Connect(server, 4, 8);
  for (int round = 0; round < 10; ++round) {
    const std::string user = "user " + std::to_string(round);
    for (SMember& member : members) ASSERT_TRUE(member.client.SendFrame(kTestHub, "bind-refuse " + user));
    size_t taken = 0;
    for (SMember& member : members) taken += Next(member.client).Text() == "yes" ? 1 : 0;
    EXPECT_EQ(taken, 1U);
  }
}

TEST_F(CHubTest, AnySessionIsReachedAndClosedFromAnyWorker) {
  CServerProcess& server = StartWith({"server.workers=3"});
  std::deque<SMember>& members = Connect(server, 3, 1);
  for (SMember& one : members) {
    for (SMember& other : members) {
      const std::string text = "from " + one.session;
      const std::string first = one.Do("send " + other.session + "|" + text);
      if (&one != &other) {
        ASSERT_EQ(first, "yes");
        ASSERT_EQ(NextText(other.client), text);
      } else {
        // It was said before the answer.
        ASSERT_EQ(first, text);
        ASSERT_EQ(Next(one.client).Text(), "yes");
      }
    }
  }
  SMember& first = members[0];
  ASSERT_EQ(first.Do("broadcast |all"), "all");
  EXPECT_EQ(Next(first.client).Text(), "yes");
  for (size_t i = 1; i < members.size(); ++i) EXPECT_EQ(NextText(members[i].client), "all");
  ASSERT_EQ(first.Do("close " + members[1].session), "yes");
  EXPECT_TRUE(members[1].client.WaitForClose());
  EXPECT_TRUE(server.WaitForCount(ECloseReason::kByHandler, 1));
  EXPECT_EQ(first.Do("send 77777:1:1|to a worker that never was"), "no");
}

TEST_F(CHubTest, WhatIsNoNameOrTooMuchIsRefusedAndCounted) {
  CServerProcess& server = StartWith({"hub.joins_per_session=3"});
  SMember member(server);
  EXPECT_EQ(member.Do("join " + std::string(128, 'x')), "yes");
  EXPECT_EQ(member.Do("join " + std::string(129, 'x')), "no");
  EXPECT_EQ(member.Do("join "), "no");
  EXPECT_EQ(member.Do("join \xC3\x28"), "no");
  EXPECT_EQ(member.Do("join Grüße"), "yes");
  EXPECT_EQ(member.Do("bind me"), "yes");
  EXPECT_EQ(member.Do("join a fourth"), "no");
  EXPECT_EQ(member.Do("join Grüße"), "yes");
  EXPECT_EQ(member.Do("unbind me"), "yes");
  EXPECT_EQ(member.Do("join a fourth"), "yes");
  EXPECT_EQ(server.Count(ECounter::kHubRefused), 4U);
}

TEST_F(CHubTest, AReloadIsOneHub) {
  CServerProcess& server = StartWith({"server.workers=2", "server.shutdown_timeout_s=30"});
  std::deque<SMember>& members = Connect(server, 2, 1);
  for (SMember& member : members) ASSERT_EQ(member.Do("join lobby"), "yes");
  server.Signal(SIGHUP);
  // By then the old workers accept nobody.
  for (SMember& member : members) ASSERT_EQ(Next(member.client).msgCode, kGoAwayCode);
  SMember newcomer(server);
  ASSERT_EQ(newcomer.Do("join lobby"), "yes");
  EXPECT_EQ(newcomer.Do("count lobby"), "3");
  ASSERT_EQ(newcomer.Do("others lobby|to the old"), "yes");
  for (SMember& member : members) EXPECT_EQ(NextText(member.client), "to the old");
  ASSERT_EQ(members[0].Do("others lobby|to the new"), "yes");
  EXPECT_EQ(NextText(newcomer.client), "to the new");
}

TEST_F(CHubTest, AWorkerThatIsStoppedHoldsUpNobody) {
  CServerProcess& server = StartWith({"server.workers=2", "server.watchdog_s=0", "hub.queue_bytes=65536"});
  std::deque<SMember>& members = Connect(server, 2, 1);
  SMember& slow = Of(members, 0);
  SMember& quick = Of(members, 1);
  for (SMember& member : members) ASSERT_EQ(member.Do("join lobby"), "yes");
  kill(slow.pid, SIGSTOP);
  const std::string filling(8000, '.');
  constexpr int kMessages = 200;
  for (int i = 0; i < kMessages; ++i) {
    const std::string text = std::to_string(i) + filling;
    ASSERT_TRUE(quick.client.SendFrame(kTestHub, "publish lobby|" + text));
    ASSERT_EQ(NextText(quick.client), text);
    ASSERT_EQ(Next(quick.client).Text(), "yes");
  }
  const uint64_t dropped = server.Count(ECounter::kHubDropped);
  EXPECT_GT(dropped, 0U);
  kill(slow.pid, SIGCONT);
  // What it gets is in order, and nothing comes twice.
  int last = -1;
  for (uint64_t i = 0; i < kMessages - dropped; ++i) {
    const int number = std::stoi(NextText(slow.client));
    EXPECT_GT(number, last);
    last = number;
  }
  EXPECT_EQ(slow.Do("count lobby"), "2");
  ExpectBalance(server);
}

}  // namespace
}  // namespace switchboard
