#include "logic/CRequest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "logic/CLogic.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

// One handler, which the test gives.
class COneHandlerLogic final : public CLogic {
 public:
  explicit COneHandlerLogic(std::function<bool(CRequest&)> handler) : m_handler(std::move(handler)) {
    On(1, &COneHandlerLogic::Handle);
  }

 private:
  bool Handle(CRequest& request) { return m_handler(request); }

  const std::function<bool(CRequest&)> m_handler;
};

TEST(CRequestTest, ShowsThePacketAndItsSender) {
  CSession session;
  COneHandlerLogic logic([&](CRequest& request) {
    session = request.Session();
    EXPECT_EQ(request.MsgCode(), 1);
    EXPECT_FALSE(request.IsEnded());
    return request.Reply(ToBytes(request.Peer().ToString()));
  });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  client.SendFrame(1, "x");
  EXPECT_EQ(client.ReceiveFrame()->Text(), "127.0.0.1:" + std::to_string(client.LocalPort()));
  EXPECT_TRUE(session);
}

TEST(CRequestTest, ABodyOverTheLargestIsRefusedAndNeverTruncated) {
  COneHandlerLogic logic([](CRequest& request) {
    EXPECT_FALSE(request.Reply(Bytes(kMaxBodyBytes + 1)));
    EXPECT_FALSE(request.IsEnded());
    return request.Reply(Bytes(kMaxBodyBytes));
  });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  client.SendFrame(1);
  EXPECT_EQ(client.ReceiveFrame()->body.size(), kMaxBodyBytes);
}

TEST(CRequestTest, AnOversizedReplyAloneEndsInAReject) {
  COneHandlerLogic logic([](CRequest& request) { return request.Reply(Bytes(kMaxBodyBytes + 1)); });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  client.SendFrame(1);
  EXPECT_EQ(client.ReceiveFrame()->msgCode, kRejectCode);
  EXPECT_EQ(network.Count(ERejectReason::kHandlerFailed), 1U);
}

TEST(CRequestTest, CanAnswerWithAnotherCode) {
  COneHandlerLogic logic([](CRequest& request) { return request.ReplyAs(77, request.Body()); });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  client.SendFrame(1, "body");
  const std::optional<SReceivedFrame> frame = client.ReceiveFrame();
  EXPECT_EQ(frame->msgCode, 77);
  EXPECT_EQ(frame->Text(), "body");
}

TEST(CRequestTest, ATextIsABodyToo) {
  COneHandlerLogic logic([](CRequest& request) {
    const std::string_view text(reinterpret_cast<const char*>(request.Body().data()), request.Body().size());
    return text == "literal" ? request.Reply("a literal") : request.Reply(text);
  });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  client.SendFrame(1, "literal");
  EXPECT_EQ(client.ReceiveFrame()->Text(), "a literal");
  client.SendFrame(1, "itself");
  EXPECT_EQ(client.ReceiveFrame()->Text(), "itself");
}

TEST(CRequestTest, CanRejectWithAReasonOfItsOwn) {
  COneHandlerLogic logic([](CRequest& request) {
    EXPECT_TRUE(request.Reject(ERejectReason::kOverload));
    EXPECT_FALSE(request.Reply());
    return true;
  });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  client.SendFrame(1);
  EXPECT_EQ(client.ReceiveFrame()->msgCode, kRejectCode);
  EXPECT_EQ(network.Count(ERejectReason::kOverload), 1U);
}

TEST(CRequestTest, ManyLargeRepliesOfOneTurnAllArrive) {
  COneHandlerLogic logic([](CRequest& request) { return request.Reply(Bytes(kMaxBodyBytes)); });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  Bytes stream;
  for (int i = 0; i < 40; ++i) Append(stream, MakeFrame(1));
  client.SendRaw(stream);
  for (int i = 0; i < 40; ++i) ASSERT_EQ(client.ReceiveFrame()->body.size(), kMaxBodyBytes);
}

// A body of `bytes` that is written where it is sent from.
bool ReplyOf(CRequest& request, size_t most, size_t bytes) {
  return request.ReplyInPlace(most, [&](std::span<std::byte> room) {
    EXPECT_EQ(room.size(), most);
    std::fill_n(room.begin(), bytes, static_cast<std::byte>(bytes));
    return bytes;
  });
}

TEST(CRequestTest, AReplyMadeInPlaceIsAsAnyOther) {
  COneHandlerLogic logic([](CRequest& request) {
    const size_t bytes =
        std::stoul(std::string(reinterpret_cast<const char*>(request.Body().data()), request.Body().size()));
    EXPECT_TRUE(ReplyOf(request, kMaxBodyBytes, bytes));
    EXPECT_TRUE(request.IsEnded());
    EXPECT_FALSE(ReplyOf(request, 1, 1)) << "once";
    return true;
  });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  Bytes stream;
  const std::vector<size_t> sizes{0, 1, 100, kMaxBodyBytes, 3, kMaxBodyBytes, kMaxBodyBytes, 7, 0};
  for (const size_t bytes : sizes) Append(stream, MakeFrame(1, std::to_string(bytes)));
  ASSERT_TRUE(client.SendRaw(stream));
  for (const size_t bytes : sizes) EXPECT_EQ(client.ReceiveFrame()->body, Bytes(bytes, static_cast<std::byte>(bytes)));
}

TEST(CRequestTest, AReplyInPlaceOverTheLargestIsRefused) {
  COneHandlerLogic logic([](CRequest& request) {
    EXPECT_FALSE(ReplyOf(request, kMaxBodyBytes + 1, 1));
    EXPECT_FALSE(request.IsEnded());
    return ReplyOf(request, 2, 1);
  });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  client.SendFrame(1);
  EXPECT_EQ(client.ReceiveFrame()->body.size(), 1U);
}

TEST(CRequestTest, AReplyInPlaceThatTellsOfMoreThanItsRoomIsRefusedAndNamed) {
  std::vector<std::string> mistakes;
  COneHandlerLogic logic([&](CRequest& request) {
    const bool isNegative = request.Body().empty();
    const bool isGood = request.ReplyInPlace(10, [&](std::span<std::byte>) { return isNegative ? -1 : 11; });
    mistakes.emplace_back(request.Mistake(isGood));
    return isGood;
  });
  CTestNetwork network(logic);
  CTestClient client(network.Port());
  client.SendFrame(1);
  client.SendFrame(1, "x");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.ReceiveFrame()->msgCode, kRejectCode);
  EXPECT_EQ(network.Count(ERejectReason::kHandlerFailed), 2U);
  EXPECT_EQ(mistakes, std::vector<std::string>(2, "ReplyInPlace was told of more bytes than it gave room for"));
}

}  // namespace
}  // namespace switchboard
