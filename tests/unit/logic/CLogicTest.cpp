#include "logic/CLogic.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

ERejectReason ReasonOf(const SReceivedFrame& frame, uint16_t msgCode) {
  EXPECT_EQ(frame.msgCode, kRejectCode);
  SRejectBody body;
  if (frame.body.size() != sizeof(body)) return ERejectReason::kNone;
  std::memcpy(static_cast<void*>(&body), frame.body.data(), sizeof(body));
  EXPECT_EQ(body.msgCode, msgCode);
  return static_cast<ERejectReason>(body.reason.value());
}

enum ECode : uint16_t {
  kEcho,
  kInlineEcho,
  kFails,
  kThrows,
  kThrowsInt,
  kSilent,
  kTwice,
  kOneWay,
  kOneWayFails,
  kWide
};

struct SWideBody {
  std::array<char, 16> text;
};

// Handlers that do all that a handler may, and much that it shouldn't.
class CAwkwardLogic final : public CLogic {
 public:
  CAwkwardLogic() {
    On(kEcho, &CAwkwardLogic::HandleEcho);
    On(kInlineEcho, &CAwkwardLogic::HandleEcho, Run::kInline);
    On(kFails, &CAwkwardLogic::HandleFails);
    On(kThrows, &CAwkwardLogic::HandleThrows, Run::kInline);
    On(kThrowsInt, &CAwkwardLogic::HandleThrowsInt);
    On(kSilent, &CAwkwardLogic::HandleSilent);
    On(kTwice, &CAwkwardLogic::HandleTwice);
    On(kOneWay, &CAwkwardLogic::HandleOneWay, Run::kPool, Reply::kNone);
    On(kOneWayFails, &CAwkwardLogic::HandleFails, Run::kBlocking, Reply::kNone);
    On(kWide, &CAwkwardLogic::HandleWide);
  }
  using CLogic::On;

  bool HandleEcho(CRequest& request) { return request.Reply(request.Body()); }

 private:
  bool HandleFails(CRequest&) { return false; }
  bool HandleThrows(CRequest&) { throw std::runtime_error("on purpose"); }
  bool HandleThrowsInt(CRequest&) { throw 42; }
  bool HandleSilent(CRequest&) { return true; }
  bool HandleTwice(CRequest& request) {
    EXPECT_TRUE(request.Reply());
    EXPECT_TRUE(request.IsEnded());
    EXPECT_FALSE(request.Reply());
    EXPECT_FALSE(request.Reject(ERejectReason::kHandlerFailed));
    EXPECT_THROW(request.Defer(), std::logic_error);
    return false;  // too late to matter
  }
  bool HandleOneWay(CRequest& request) {
    EXPECT_FALSE(request.Reply(request.Body()));
    EXPECT_THROW(request.Defer(), std::logic_error);
    return true;
  }
  bool HandleWide(CRequest& request) {
    const auto* p_body = request.Body<SWideBody>();
    return p_body != nullptr && request.Reply(*p_body);
  }
};

class CLogicTest : public testing::Test {
 protected:
  // What a request with this code is rejected with.
  ERejectReason RejectionOf(uint16_t msgCode, std::string_view body = {}) {
    EXPECT_TRUE(m_client.SendFrame(msgCode, body));
    const std::optional<SReceivedFrame> frame = m_client.ReceiveFrame();
    return frame ? ReasonOf(*frame, msgCode) : ERejectReason::kNone;
  }
  void ExpectStillServed() {
    m_client.SendFrame(kEcho, "still here");
    const std::optional<SReceivedFrame> frame = m_client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->Text(), "still here");
  }

  CAwkwardLogic m_logic;
  CTestNetwork m_network{m_logic};
  CTestClient m_client{m_network.Port()};
};

TEST_F(CLogicTest, RefusesAHandlerThatCannotBe) {
  CAwkwardLogic logic;
  EXPECT_THROW(logic.On(kEcho, &CAwkwardLogic::HandleEcho), std::logic_error) << "it has one";
  EXPECT_THROW(logic.On(kGoAwayCode, &CAwkwardLogic::HandleEcho), std::logic_error);
  EXPECT_THROW(logic.On(kRejectCode, &CAwkwardLogic::HandleEcho), std::logic_error);
  EXPECT_NO_THROW(logic.On(kGoAwayCode - 1, &CAwkwardLogic::HandleEcho));
  EXPECT_THROW(m_logic.On(1000, &CAwkwardLogic::HandleEcho), std::logic_error) << "the server has started";
}

TEST_F(CLogicTest, AnswersOnBothPaths) {
  for (const uint16_t code : {kEcho, kInlineEcho}) {
    m_client.SendFrame(code, "body");
    const std::optional<SReceivedFrame> frame = m_client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->msgCode, code);
    EXPECT_EQ(frame->Text(), "body");
  }
}

TEST_F(CLogicTest, RejectsWhatHasNoHandlerAndGoesOn) {
  EXPECT_EQ(RejectionOf(999), ERejectReason::kUnknownCode);
  EXPECT_EQ(RejectionOf(60000), ERejectReason::kUnknownCode);
  EXPECT_EQ(RejectionOf(kRejectCode), ERejectReason::kUnknownCode);
  ExpectStillServed();
}

TEST_F(CLogicTest, RejectsWhatAHandlerFailsAtAndGoesOn) {
  EXPECT_EQ(RejectionOf(kFails), ERejectReason::kHandlerFailed);
  EXPECT_EQ(RejectionOf(kSilent), ERejectReason::kHandlerFailed) << "true without an answer is no answer";
  EXPECT_EQ(RejectionOf(kThrows), ERejectReason::kHandlerThrew);
  EXPECT_EQ(RejectionOf(kThrowsInt), ERejectReason::kHandlerThrew);
  ExpectStillServed();
  EXPECT_EQ(m_network.Count(ERejectReason::kHandlerFailed), 2U);
  EXPECT_EQ(m_network.Count(ERejectReason::kHandlerThrew), 2U);
}

TEST_F(CLogicTest, RejectsABodyThatIsShorterThanItsStruct) {
  EXPECT_EQ(RejectionOf(kWide, "15 bytes, short"), ERejectReason::kShortBody);
  m_client.SendFrame(kWide, "16 bytes exactly");
  EXPECT_EQ(m_client.ReceiveFrame()->Text(), "16 bytes exactly");
  m_client.SendFrame(kWide, "17 bytes, and more");
  EXPECT_EQ(m_client.ReceiveFrame()->body.size(), 16U);
}

TEST_F(CLogicTest, AnswersOnceHoweverOftenItIsToldTo) {
  m_client.SendFrame(kTwice);
  EXPECT_EQ(m_client.ReceiveFrame()->msgCode, kTwice);
  ExpectStillServed();
  EXPECT_EQ(m_network.Count(ECounter::kPacketsReplied), 2U);
}

TEST_F(CLogicTest, AOneWayCodeIsAnsweredOnlyWhenItFails) {
  m_client.SendFrame(kOneWay, "no answer");
  ExpectStillServed();
  EXPECT_EQ(m_network.Count(ECounter::kPacketsOneWay), 1U);
  EXPECT_EQ(RejectionOf(kOneWayFails), ERejectReason::kHandlerFailed);
}

TEST_F(CLogicTest, ABadCrcIsRejectedAndThenClosed) {
  for (const uint16_t code : {kEcho, kInlineEcho}) {
    CTestClient client(m_network.Port());
    Bytes stream = MakeFrame(code, "good");
    Bytes bad = MakeFrame(code, "bad");
    bad.back() ^= std::byte{1};
    Append(stream, bad);
    Append(stream, MakeFrame(code, "after"));
    client.SendRaw(stream);
    EXPECT_EQ(client.ReceiveFrame()->Text(), "good");
    EXPECT_EQ(ReasonOf(client.ReceiveFrame().value(), code), ERejectReason::kBadCrc);
    EXPECT_EQ(client.ReceiveFrame(), std::nullopt);
    EXPECT_TRUE(client.WaitForClose());
  }
  EXPECT_TRUE(Eventually([&] { return m_network.Count(ECloseReason::kBadCrc) == 2; }));
  EXPECT_TRUE(Eventually([&] { return m_network.Count(ECounter::kPacketsDiscarded) == 2; }));
}

TEST(CLogicRejectTest, OldClientsGetNoRejectButItIsCounted) {
  CAwkwardLogic logic;
  SConfig config = TestConfig();
  config.protocol.reject_replies = false;
  CTestNetwork network(logic, config);
  CTestClient client(network.Port());
  for (const uint16_t code : {uint16_t{999}, uint16_t{kFails}, uint16_t{kThrows}}) client.SendFrame(code);
  client.SendFrame(kEcho, "the only answer");
  EXPECT_EQ(client.ReceiveFrame()->Text(), "the only answer");
  EXPECT_EQ(network.Count(ERejectReason::kUnknownCode), 1U);
  EXPECT_EQ(network.Count(ERejectReason::kHandlerFailed), 1U);
  EXPECT_EQ(network.Count(ERejectReason::kHandlerThrew), 1U);
}

TEST(CLogicRejectTest, OverloadIsRejectedInOrder) {
  CAwkwardLogic logic;
  SConfig config = TestConfig();
  config.business.queue_packets = 1;
  CTestNetwork network(logic, config);
  CTestClient client(network.Port());
  Bytes stream;
  for (int i = 0; i < 10; ++i) Append(stream, MakeFrame(kEcho, std::to_string(i)));
  client.SendRaw(stream);  // one read of ten is more than the queue takes
  for (int i = 0; i < 10; ++i) {
    const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
    ASSERT_TRUE(frame.has_value());
    if (frame->msgCode != kEcho) {
      EXPECT_EQ(ReasonOf(*frame, kEcho), ERejectReason::kOverload);
    }
  }
  network.Stop();
  EXPECT_GT(network.Count(ERejectReason::kOverload), 0U);
}

// Writes down what is called for its only client.
class CDiaryLogic final : public CLogic {
 public:
  CDiaryLogic() { On(1, &CDiaryLogic::HandlePacket); }
  std::string Diary() {
    const std::lock_guard lock(m_mutex);
    return m_diary;
  }
  void Note(const std::string& what) {
    const std::lock_guard lock(m_mutex);
    m_diary += what + ' ';
  }
  bool throwsInHooks = false;

 private:
  void OnWorkerStart() override { Note("start"); }
  void OnWorkerStop() override { Note("stop"); }
  void OnConnect(CSessionContext& context) override {
    EXPECT_EQ(context.Peer().ToString().substr(0, 10), "127.0.0.1:");
    EXPECT_TRUE(Send(context.Session(), 2, ToBytes("welcome")));
    Note("connect");
    if (throwsInHooks) throw std::runtime_error("on purpose");
  }
  void OnDisconnect(CSessionContext& context, ECloseReason reason) override {
    EXPECT_FALSE(Send(context.Session(), 2, ToBytes("farewell"))) << "nobody is there";
    Note("disconnect:" + std::string(ToString(reason)));
    if (throwsInHooks) throw 42;
  }
  bool HandlePacket(CRequest& request) {
    Note("packet");
    return request.Reply();
  }

  std::mutex m_mutex;
  std::string m_diary;
};

TEST(CLogicHooksTest, ComeOnceEachAndInOrder) {
  for (const bool throws : {false, true}) {
    CDiaryLogic logic;
    logic.throwsInHooks = throws;
    CTestNetwork network(logic);
    {
      CTestClient client(network.Port());
      EXPECT_EQ(client.ReceiveFrame()->Text(), "welcome");
      client.SendFrame(1);
      EXPECT_EQ(client.ReceiveFrame()->msgCode, 1);
      client.Rst();
    }
    ASSERT_TRUE(Eventually([&] { return network.Active() == 0; }));
    network.Stop();
    EXPECT_EQ(logic.Diary(), "start connect packet disconnect:peer_reset stop ");
  }
}

}  // namespace
}  // namespace switchboard
