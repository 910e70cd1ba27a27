#include "logic/CDeferredReply.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logic/CLogic.h"
#include "logic/LogReject.h"
#include "misc/thread/CQueue.h"
#include "misc/thread/CThread.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

enum ECode : uint16_t { kEcho, kInlineEcho, kDefer, kInlineDefer };

struct SJob {
  CDeferredReply reply;
  Bytes body;
};

// Defers what it is asked to, and hands the deferred replies to whoever the test wants.
class CDeferringLogic final : public CLogic {
 public:
  CDeferringLogic() {
    On(kEcho, &CDeferringLogic::HandleEcho);
    On(kInlineEcho, &CDeferringLogic::HandleEcho, Run::kInline);
    On(kDefer, &CDeferringLogic::HandleDefer);
    On(kInlineDefer, &CDeferringLogic::HandleDefer, Run::kInline);
  }
  // Gets each deferral, while its handler still runs. By default they wait in `jobs`.
  std::function<void(SJob)> onDeferred = [this](SJob job) { jobs.Push(std::move(job)); };
  CQueue<SJob> jobs{100000};

  // The next deferral.
  SJob Next() {
    while (m_taken.empty()) {
      jobs.PopAll(m_batch);
      for (SJob& job : m_batch) m_taken.push_back(std::move(job));
    }
    SJob job = std::move(m_taken.front());
    m_taken.erase(m_taken.begin());
    return job;
  }

 private:
  bool HandleEcho(CRequest& request) { return request.Reply(request.Body()); }
  bool HandleDefer(CRequest& request) {
    const Bytes body(request.Body().begin(), request.Body().end());
    onDeferred({request.Defer(), body});
    return true;
  }
  void OnWorkerStop() override {
    jobs.Close();
    jobs.PopAll(m_batch);
    m_batch.clear();
  }

  std::vector<SJob> m_batch;
  std::vector<SJob> m_taken;
};

class CDeferredReplyTest : public testing::Test {
 protected:
  CDeferringLogic m_logic;
  CTestNetwork m_network{m_logic};
  CTestClient m_client{m_network.Port()};
};

TEST_F(CDeferredReplyTest, MayBeAnsweredWithinTheHandler) {
  m_logic.onDeferred = [](SJob job) {
    EXPECT_TRUE(job.reply.Reply(job.body));
    EXPECT_FALSE(job.reply.Reply(job.body)) << "once";
    EXPECT_FALSE(job.reply.Reject(ERejectReason::kOverload));
  };
  for (const uint16_t code : {kDefer, kInlineDefer, kDefer, kInlineDefer}) {
    m_client.SendFrame(code, "at once");
    const std::optional<SReceivedFrame> frame = m_client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->msgCode, code);
    EXPECT_EQ(frame->Text(), "at once");
  }
}

TEST_F(CDeferredReplyTest, MayBeAnsweredLaterByAnotherThreadAndTheNextPacketsWait) {
  for (const uint16_t code : {kDefer, kInlineDefer}) {
    Bytes stream = MakeFrame(code, "deferred");
    Append(stream, MakeFrame(kInlineEcho, "inline"));
    Append(stream, MakeFrame(kEcho, "pool"));
    m_client.SendRaw(stream);
    SJob job = m_logic.Next();
    m_client.SendFrame(kInlineEcho, "late");
    EXPECT_EQ(m_client.ReceiveFrame(std::chrono::milliseconds(20)), std::nullopt) << "nothing overtakes";
    EXPECT_TRUE(job.reply.Reply(job.body));
    for (const char* p_expected : {"deferred", "inline", "pool", "late"}) {
      EXPECT_EQ(m_client.ReceiveFrame()->Text(), p_expected);
    }
  }
}

TEST_F(CDeferredReplyTest, DroppedItIsRejected) {
  m_client.SendFrame(kDefer);
  { const SJob dropped = m_logic.Next(); }
  EXPECT_EQ(m_client.ReceiveFrame()->msgCode, kRejectCode);
  EXPECT_EQ(m_network.Count(ERejectReason::kHandlerFailed), 1U);
  m_client.SendFrame(kEcho, "and it goes on");
  EXPECT_EQ(m_client.ReceiveFrame()->Text(), "and it goes on");
}

TEST_F(CDeferredReplyTest, MayBeRejected) {
  m_client.SendFrame(kInlineDefer);
  EXPECT_TRUE(m_logic.Next().reply.Reject(ERejectReason::kQuarantined));
  EXPECT_EQ(m_client.ReceiveFrame()->msgCode, kRejectCode);
  EXPECT_EQ(m_network.Count(ERejectReason::kQuarantined), 1U);
}

TEST_F(CDeferredReplyTest, MayBeAnsweredWithAnotherCodeATextAndAReasonOfTheLogicsOwn) {
  const auto next = [&] {
    m_client.SendFrame(kDefer);
    return m_logic.Next().reply;
  };
  EXPECT_TRUE(next().ReplyAs(77, ToBytes("as another")));
  std::optional<SReceivedFrame> frame = m_client.ReceiveFrame();
  EXPECT_EQ(frame->msgCode, 77);
  EXPECT_EQ(frame->Text(), "as another");
  EXPECT_TRUE(next().Reply(std::string_view("a text")));
  EXPECT_EQ(m_client.ReceiveFrame()->Text(), "a text");
  EXPECT_TRUE(next().Reply("a literal"));
  EXPECT_EQ(m_client.ReceiveFrame()->Text(), "a literal");
  // Less than the first that is the logic's own counts as it.
  for (const uint16_t reason : {uint16_t{300}, uint16_t{1}}) {
    EXPECT_TRUE(next().Reject(reason));
    frame = m_client.ReceiveFrame();
    EXPECT_EQ(frame->msgCode, kRejectCode);
    SRejectBody body;
    ASSERT_EQ(frame->body.size(), sizeof(body));
    std::memcpy(&body, frame->body.data(), sizeof(body));
    EXPECT_EQ(body.msgCode, kDefer);
    EXPECT_EQ(body.reason, reason == 300 ? 300 : kFirstUserReason);
  }
  EXPECT_EQ(m_network.Count(ERejectReason::kByHandler), 2U);
}

TEST(LogRejectTest, NamesTheReasonThatTheClientGets) {
  EXPECT_EQ(CauseOf(300), "reason 300");
  EXPECT_EQ(CauseOf(7), "reason 256, as the logic's own begin there, and it said 7");
}

TEST_F(CDeferredReplyTest, ABodyOverTheLargestIsRefusedAndItMayBeAnsweredOtherwise) {
  m_client.SendFrame(kDefer);
  SJob job = m_logic.Next();
  EXPECT_FALSE(job.reply.Reply(Bytes(kMaxBodyBytes + 1)));
  EXPECT_TRUE(job.reply.Reply(ToBytes("smaller")));
  EXPECT_EQ(m_client.ReceiveFrame()->Text(), "smaller");
}

TEST_F(CDeferredReplyTest, AHalfClosedClientStillGetsItsAnswers) {
  m_client.SendFrame(kDefer, "deferred");
  m_client.SendFrame(kEcho, "next");
  SJob job = m_logic.Next();
  m_client.ShutdownWrite();
  EXPECT_EQ(m_client.ReceiveFrame(std::chrono::milliseconds(20)), std::nullopt);
  EXPECT_TRUE(job.reply.Reply(job.body));
  EXPECT_EQ(m_client.ReceiveFrame()->Text(), "deferred");
  EXPECT_EQ(m_client.ReceiveFrame()->Text(), "next");
  EXPECT_TRUE(m_client.WaitForClose());
}

TEST_F(CDeferredReplyTest, WhoseConnectionIsGoneIsDiscarded) {
  for (const uint16_t code : {kDefer, kInlineDefer}) {
    CTestClient client(m_network.Port());
    const uint64_t discarded = m_network.Count(ECounter::kPacketsDiscarded);
    client.SendFrame(code);
    client.SendFrame(kEcho);
    SJob job = m_logic.Next();
    client.Rst();
    ASSERT_TRUE(Eventually([&] { return m_network.Count(ECounter::kPacketsDiscarded) == discarded + 2; }))
        << "nobody waits for its answer, not even the packets behind it";
    EXPECT_FALSE(job.reply.Reply(job.body));
  }
}

TEST_F(CDeferredReplyTest, MovesAndAnAssignmentGivesUpWhatWasThere) {
  CTestClient other(m_network.Port());
  m_client.SendFrame(kDefer, "first");
  SJob first = m_logic.Next();
  other.SendFrame(kDefer, "second");
  SJob second = m_logic.Next();
  first.reply = std::move(second.reply);
  EXPECT_EQ(m_client.ReceiveFrame()->msgCode, kRejectCode);
  EXPECT_TRUE(first.reply.Reply(second.body));
  EXPECT_EQ(other.ReceiveFrame()->Text(), "second");
}

TEST_F(CDeferredReplyTest, AStopGivesUpWhatIsNeverAnswered) {
  SConfig config = TestConfig();
  config.server.shutdown_timeout = std::chrono::milliseconds(100);
  for (const EStopMode mode : {EStopMode::kGraceful, EStopMode::kFast}) {
    CDeferringLogic stopped;
    CTestNetwork one(stopped, config);
    CTestClient client(one.Port());
    client.SendFrame(kDefer);
    client.SendFrame(kEcho);
    ASSERT_TRUE(Eventually([&] { return one.Count(ECounter::kPacketsAccepted) == 2; }));
    one.Stop(mode);
    EXPECT_EQ(one.Count(ECounter::kPacketsDiscarded), 2U);
  }
}

// Every way to answer, at random moments, against closes at random moments; the network checks the accounting.
TEST_F(CDeferredReplyTest, KeepsTheOrderAndTheAccountsUnderStress) {
  std::vector<CThread> answerers;
  for (int i = 0; i < 2; ++i) {
    answerers.emplace_back("answerer", [&] {
      std::vector<SJob> batch;
      while (m_logic.jobs.PopAll(batch)) {
        for (SJob& job : batch) job.reply.Reply(job.body);
        batch.clear();
      }
    });
  }
  std::vector<CThread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back("client", [&, client] {
      for (int round = 0; round < 20; ++round) {
        CTestClient connection(m_network.Port());
        Bytes stream;
        constexpr int kPackets = 100;
        for (int i = 0; i < kPackets; ++i) {
          Append(stream, MakeFrame(static_cast<uint16_t>((i * 7 + client + round) % 4), std::to_string(i)));
        }
        ASSERT_TRUE(connection.SendRaw(stream));
        const int wanted = round % 4 == 0 ? round : kPackets;
        for (int i = 0; i < wanted; ++i) {
          const std::optional<SReceivedFrame> frame = connection.ReceiveFrame();
          ASSERT_TRUE(frame.has_value());
          ASSERT_EQ(frame->Text(), std::to_string(i));
        }
        if (round % 4 == 0) connection.Rst();
      }
    });
  }
  clients.clear();
  m_network.Stop();  // closes the queue, which ends the answerers
  answerers.clear();
}

}  // namespace
}  // namespace switchboard
