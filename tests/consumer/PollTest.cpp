// A user's test of a module, in a logic that uses it with one line.
#include <gtest/gtest.h>
#include <switchboard/testing.h>

#include "CPoll.h"

using switchboard::CTestServer;
using switchboard::ERejectReason;

class CHost : public switchboard::CLogic {
 public:
  CHost() { Use<CPoll>(); }
};

TEST(Poll, CountsOneVoteOfEachClient) {
  CTestServer<CHost> server;
  auto alice = server.Connect();
  auto bob = server.Connect();
  EXPECT_FALSE(alice.Ask(kVote, SVoteBody{1}).IsReject());
  EXPECT_FALSE(bob.Ask(kVote, SVoteBody{0}).IsReject());
  EXPECT_EQ(alice.Ask(kVote, SVoteBody{1}).Reason(), ERejectReason::kHandlerFailed);
  EXPECT_EQ(server.Get("/poll").body, "yes 1, no 1\n");
  EXPECT_EQ(server.Count("votes"), 2U);
}

TEST(Poll, TellsTheVotersWhenItEnds) {
  CTestServer<CHost> server({"poll.length_s=10", "poll.voters=1"});
  auto alice = server.Connect();
  auto bob = server.Connect();
  alice.Ask(kVote, SVoteBody{1});
  EXPECT_EQ(bob.Ask(kVote, SVoteBody{1}).Reason(), ERejectReason::kHandlerFailed) << "there is one place";
  server.Advance(std::chrono::seconds(10));
  alice.Expect(kResult, SResultBody{1, 0});
  bob.ExpectSilence();
  EXPECT_EQ(server.Get("/poll").body, "yes 0, no 0\n");
  bob.Ask(kVote, SVoteBody{1});
  EXPECT_EQ(server.Count("votes"), 2U);
}

TEST(Poll, HasASectionThatIsChecked) {
  EXPECT_THROW(CTestServer<CHost>({"poll.voters=0"}), std::exception);
  EXPECT_THROW(CTestServer<CHost>({"poll.nothing=1"}), std::exception);
}
