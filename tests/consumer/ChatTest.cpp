// A user's tests of handlers: without a server process, a port, or a wait for time to pass.
#include <gtest/gtest.h>
#include <switchboard/testing.h>

#include "CChatLogic.h"

using switchboard::ECloseReason;
using switchboard::ERejectReason;

TEST(Chat, SaysToAllMembersWhatOneSays) {
  switchboard::CTestServer<CChatLogic> server({"chat.greeting=welcome"});
  auto alice = server.Connect();
  auto stranger = server.Connect();
  alice.Ask(kJoin, SJoinBody{"alice"});
  alice.Expect(kSaid, "welcome");
  alice.Send(kSay, "hello");
  alice.Expect(kSaid, "alice: hello");
  stranger.ExpectSilence();
  EXPECT_EQ(server.Count("lines"), 1U);
}

TEST(Chat, HasNobodyWithoutAName) {
  switchboard::CTestServer<CChatLogic> server;
  auto client = server.Connect();
  client.Send(kJoin, SJoinBody{""});
  client.ExpectReject(kJoin, kNoName);
  EXPECT_EQ(client.Ask(kJoin, "short").Reason(), ERejectReason::kShortBody);
  client.Send(kSay, "who am I?");
  client.ExpectReject(kSay, kNoMember);
  EXPECT_EQ(server.Count("rejected_handler_failed"), 0U);
}

TEST(Chat, ForgetsItsMembersWhenTheyAreSilentAndWhenTheWorkerDies) {
  switchboard::CTestServer<CChatLogic> server({"heartbeat.interval_s=30", "heartbeat.max_misses=3"});
  auto alice = server.Connect();
  alice.Ask(kJoin, SJoinBody{"alice"});
  server.Advance(std::chrono::seconds(90));
  alice.ExpectClose(ECloseReason::kHeartbeat);
  server.Crash();
  auto bob = server.Connect();
  bob.Ask(kJoin, SJoinBody{"bob"});
  bob.Send(kSay, "alone");
  bob.Expect(kSaid, "bob: alone");
}
