#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <switchboard.h>
#include <switchboard/testing.h>

#include <boost/endian/arithmetic.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace switchboard {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr uint16_t kAdd = 100;
constexpr uint16_t kJoin = 1;
constexpr uint16_t kSay = 2;    // one-way
constexpr uint16_t kSaid = 3;   // a push
constexpr uint16_t kWho = 4;    // answered with the session, by kSaid
constexpr uint16_t kLater = 5;  // answered ten seconds later
constexpr uint16_t kAside = 6;  // answered by a thread of the logic's own
constexpr uint16_t kNever = 7;  // deferred, and never answered
constexpr uint16_t kRefuse = 8;
constexpr uint16_t kHang = 9;
constexpr uint16_t kTick = 10;  // begins a push every second
constexpr uint16_t kKickMe = 11;

#pragma pack(push, 1)
struct SAddBody {
  boost::endian::big_int32_t a, b;
};
struct SSumBody {
  boost::endian::big_int64_t sum;
};
struct SFourBytes {
  boost::endian::big_uint32_t number;
};
#pragma pack(pop)

// [room]
struct SRoomConfig {
  uint32_t seats = 3;
};

// What the hooks of all workers of a test have done.
struct SEvents {
  std::mutex mutex;
  std::vector<std::string> lines;

  void Add(const std::string& line) {
    const std::lock_guard lock(mutex);
    lines.push_back(line);
  }
  std::vector<std::string> Take() {
    const std::lock_guard lock(mutex);
    return std::exchange(lines, {});
  }
};

class CRoomLogic : public CLogic {
 public:
  static void Describe(CConfigSchema& schema) {
    schema.Section<SRoomConfig>("room", "of this test")
        .Number("seats", &SRoomConfig::seats, {1, 9, "seats"}, "of the room");
  }

  explicit CRoomLogic(SEvents* p_events = nullptr) : m_p_events(p_events) {
    On(kAdd, &CRoomLogic::HandleAdd, Run::kInline);
    On(kJoin, &CRoomLogic::HandleJoin);
    On(kSay, &CRoomLogic::HandleSay, Run::kPool, Replies::kNone);
    On(kWho, &CRoomLogic::HandleWho).OnlyOn("named");
    On(kLater, &CRoomLogic::HandleLater);
    On(kAside, &CRoomLogic::HandleAside);
    On(kNever, &CRoomLogic::HandleNever);
    On(kRefuse, &CRoomLogic::HandleRefuse);
    On(kHang, &CRoomLogic::HandleHang, Run::kBlocking);
    On(kTick, &CRoomLogic::HandleTick);
    On(kKickMe, &CRoomLogic::HandleKickMe);
    OnHttp("/seats", &CRoomLogic::RouteSeats);
    OnHttp("/later", &CRoomLogic::RouteLater);
  }

  void OnWorkerStart() override { Note("start"); }
  void OnWorkerStop() override {
    Note("stop");
    m_never.reset();
    if (m_aside.joinable()) m_aside.join();
  }
  void OnConnect(CSessionContext&) override { Note("connect"); }
  void OnDisconnect(CSessionContext& context, ECloseReason reason) override {
    Note("disconnect " + std::string(ToString(reason)));
    const std::lock_guard lock(m_mutex);
    std::erase(m_members, context.Session());
  }

  void Hold() { m_gate.lock(); }
  void Release() { m_gate.unlock(); }

 private:
  void Note(const std::string& line) {
    if (m_p_events != nullptr) m_p_events->Add(line);
  }
  bool HandleAdd(CRequest& request) {
    const auto* p_add = request.Body<SAddBody>();
    return p_add != nullptr && request.Reply(SSumBody{int64_t{p_add->a} + p_add->b});
  }
  bool HandleJoin(CRequest& request) {
    {
      const std::lock_guard lock(m_mutex);
      if (m_members.size() >= Config<SRoomConfig>().seats) return request.Reject(uint16_t{300});
      m_members.push_back(request.Session());
    }
    Counter("joined").Add();
    return request.Reply();
  }
  bool HandleSay(CRequest& request) {
    const std::lock_guard lock(m_mutex);
    for (const CSession& member : m_members) Send(member, kSaid, request.Body());
    return true;
  }
  bool HandleWho(CRequest& request) {
    Send(request.Session(), kSaid, std::as_bytes(std::span(std::string_view("you"))));
    const std::string name = request.Session().ToString();
    return request.ReplyAs(kSaid, std::as_bytes(std::span(name)));
  }
  bool HandleLater(CRequest& request) {
    auto p_reply = std::make_shared<CDeferredReply>(request.Defer());
    AddTimer(seconds(10), [p_reply] { p_reply->Reply("late"); });
    return true;
  }
  bool HandleAside(CRequest& request) {
    auto p_reply = std::make_shared<CDeferredReply>(request.Defer());
    m_aside = std::thread([p_reply] { p_reply->Reply("aside"); });
    return true;
  }
  bool HandleNever(CRequest& request) {
    m_never.emplace(request.Defer());
    return true;
  }
  bool HandleRefuse(CRequest&) { return false; }
  bool HandleHang(CRequest& request) {
    const std::lock_guard lock(m_gate);
    return request.Reply();
  }
  bool HandleTick(CRequest& request) {
    AddTimer(seconds(1), seconds(1), [this, session = request.Session()] { Send(session, kSaid, SSumBody{1}); });
    return request.Reply();
  }
  bool HandleKickMe(CRequest& request) {
    Close(request.Session());
    return request.Reply("bye");
  }
  bool RouteSeats(CHttpRequest& request) {
    return request.Reply("text/plain", std::to_string(Config<SRoomConfig>().seats) + std::string(request.Query()) +
                                           std::string(request.Body()));
  }
  bool RouteLater(CHttpRequest& request) {
    auto p_reply = std::make_shared<CDeferredHttpReply>(request.Defer());
    AddTimer(seconds(1), [p_reply] { p_reply->Reply("text/plain", "later"); });
    return true;
  }

  SEvents* const m_p_events;
  std::mutex m_mutex;
  std::mutex m_gate;
  std::vector<CSession> m_members;
  std::thread m_aside;
  std::optional<CDeferredReply> m_never;
};

using CRoom = CTestServer<CRoomLogic>;

// What the failure says; empty when there is none.
template <class Call>
std::string FailureOf(Call call) {
  try {
    call();
  } catch (const CTestFailure& failure) {
    return failure.what();
  }
  return {};
}

TEST(CTestServerTest, AnAdderIsTestedInAFewLines) {
  CRoom server({"listener.0.name=named"});
  CTestSession client = server.Connect();
  EXPECT_EQ(client.Ask(kAdd, SAddBody{40, 2}).As<SSumBody>().sum, 42);
  EXPECT_EQ(client.Ask(kAdd, "short").Reason(), ERejectReason::kShortBody);
  client.ExpectSilence();
}

TEST(CTestServerTest, SeveralSessionsGetRepliesPushesAndRejects) {
  CRoom server({"listener.0.name=named", "room.seats=2"});
  CTestSession alice = server.Connect();
  CTestSession bob = server.Connect();
  CTestSession carol = server.Connect();
  for (CTestSession* p_client : {&alice, &bob, &carol}) p_client->Send(kJoin);
  // Not in this order: handlers of different connections run in parallel.
  int joined = 0;
  for (CTestSession* p_client : {&alice, &bob, &carol}) joined += p_client->Next().IsReject() ? 0 : 1;
  EXPECT_EQ(joined, 2);
  EXPECT_EQ(server.Count("joined"), 2U);
  EXPECT_EQ(server.Count("rejected_by_handler"), 1U);
  carol.Send(kSay, "hello");
  server.Settle();
  EXPECT_EQ(server.Count("packets_pushed"), 2U);
  EXPECT_EQ(server.Count("packets_one_way"), 1U);
}

TEST(CTestServerTest, EveryKindOfExpectationHolds) {
  CRoom server({"listener.0.name=named", "room.seats=1"});
  CTestSession alice = server.Connect();
  CTestSession bob = server.Connect();
  alice.Send(kJoin);
  alice.Expect(kJoin);
  bob.Send(kJoin);
  bob.ExpectReject(kJoin, 300);
  bob.Send(999);
  bob.ExpectReject(999, ERejectReason::kUnknownCode);
  bob.Send(kSay, "hello");
  alice.Expect(kSaid, "hello");
  bob.ExpectSilence();
  alice.Send(kKickMe);
  alice.Expect(kKickMe, "bye");
  alice.ExpectClose(ECloseReason::kByHandler);
  const std::vector<std::byte> garbage(8, std::byte{0});
  bob.SendBytes(garbage);
  bob.ExpectClose(ECloseReason::kBadLength);
}

// The body of a Reject is four bytes, which a struct of the test's may have as well.
TEST(CTestServerTest, ARejectPassesForNoAnswerOfItsSize) {
  CRoom server({"listener.0.name=named"});
  CTestSession client = server.Connect();
  const CTestPacket packet = client.Ask(999);
  EXPECT_EQ(FailureOf([&] { packet.As<SFourBytes>(); }),
            "expected a body of 4 bytes, got a Reject of msgCode 999: unknown_code");
  EXPECT_EQ(FailureOf([&] { packet.Text(); }), "expected a text, got a Reject of msgCode 999: unknown_code");
  EXPECT_EQ(packet.RejectedCode(), 999);
  EXPECT_EQ(packet.Reason(), ERejectReason::kUnknownCode);
}

TEST(CTestServerTest, AskPassesOverPushesWhichAreKept) {
  CRoom server({"listener.0.name=named"});
  CTestSession client = server.Connect();
  client.Ask(kJoin);
  client.Send(kSay, "one");
  client.Send(kSay, "two");
  EXPECT_EQ(client.Ask(kAdd, SAddBody{1, 2}).As<SSumBody>().sum, 3);
  client.Expect(kSaid, "one");
  EXPECT_EQ(client.Next().Text(), "two");
  client.ExpectSilence();
}

TEST(CTestServerTest, ListenersAreReachedByTheirNames) {
  CRoom server({"listener.0.name=public", "listener.2.port=0", "listener.2.name=named"});
  EXPECT_EQ(server.Connect().Ask(kWho).Reason(), ERejectReason::kUnknownCode);
  CTestSession client = server.Connect("named");
  EXPECT_EQ(client.AskFor(kSaid, kWho).Text(), "you");
  client.Expect(kSaid, client.Session().ToString());
  EXPECT_THAT(FailureOf([&] { server.Connect("other"); }), HasSubstr("no [[listener]] is called \"other\""));
}

TEST(CTestServerTest, TimersRunWhenTheClockIsPutForward) {
  CRoom server({"listener.0.name=named"});
  CTestSession client = server.Connect();
  client.Send(kLater);
  client.ExpectSilence();
  server.Advance(milliseconds(9999));
  client.ExpectSilence();
  server.Advance(milliseconds(1));
  client.Expect(kLater, "late");
  client.Ask(kTick);
  server.Advance(seconds(5));
  for (int i = 0; i < 5; ++i) client.Expect(kSaid, SSumBody{1});
  client.ExpectSilence();
}

TEST(CTestServerTest, SilentClientsAreClosedByTheClockAlone) {
  CRoom server({"listener.0.name=named", "heartbeat.interval_s=10", "heartbeat.max_misses=3"});
  CTestSession silent = server.Connect();
  CTestSession alive = server.Connect();
  server.Advance(seconds(29));
  alive.Ask(kAdd, SAddBody{1, 1});
  server.Advance(seconds(1));
  silent.ExpectClose(ECloseReason::kHeartbeat);
  alive.ExpectSilence();
  server.Advance(minutes(1));
  alive.ExpectClose(ECloseReason::kHeartbeat);
  EXPECT_EQ(server.Count("closed_heartbeat"), 2U);
}

TEST(CTestServerTest, AStartedPacketIsOverdueByTheClockAlone) {
  CRoom server({"listener.0.name=named", "limits.packet_timeout_s=10"});
  CTestSession client = server.Connect();
  const std::vector<std::byte> half{std::byte{0}, std::byte{20}, std::byte{0}};
  client.SendBytes(half);
  server.Advance(seconds(9));
  client.ExpectSilence();
  server.Advance(seconds(2));
  client.ExpectClose(ECloseReason::kPacketTimeout);
}

TEST(CTestServerTest, ThreadsOfTheLogicsOwnMayAnswer) {
  CRoom server({"listener.0.name=named"});
  CTestSession client = server.Connect();
  EXPECT_EQ(client.Ask(kAside).Text(), "aside");
}

TEST(CTestServerTest, ACrashEndsSessionsWithoutHooksAndTheNextProcessServes) {
  SEvents events;
  std::vector<std::string> atTheEnd;
  {
    CRoom server({"listener.0.name=named"}, [&] { return std::make_unique<CRoomLogic>(&events); });
    CTestSession before = server.Connect();
    before.Ask(kJoin);
    before.Send(kNever);
    EXPECT_EQ(server.Process(), 1U);
    EXPECT_EQ(before.Session().Process(), 1U);
    server.Crash();
    EXPECT_EQ(server.Process(), 2U);
    before.ExpectClose(ECloseReason::kWorkerLost);
    EXPECT_EQ(events.Take(), (std::vector<std::string>{"start", "connect", "start"}));
    EXPECT_EQ(server.Count("closed_worker_lost"), 1U);
    EXPECT_EQ(server.Count("packets_discarded"), 1U);
    EXPECT_EQ(server.Count("joined"), 1U);
    EXPECT_EQ(server.Count("connections_active"), 0U);

    CTestSession after = server.Connect();
    EXPECT_EQ(after.Session().Process(), 2U);
    EXPECT_EQ(after.Ask(kAdd, SAddBody{1, 2}).As<SSumBody>().sum, 3);
    after.Ask(kJoin);
    EXPECT_EQ(server.Count("joined"), 2U);
    after.Close();
    EXPECT_EQ(events.Take(), (std::vector<std::string>{"connect", "disconnect peer_closed"}));
  }
  EXPECT_EQ(events.Take(), (std::vector<std::string>{"stop", "stop"}));
}

TEST(CTestServerTest, StopCallsTheHooksAsASigquitDoes) {
  SEvents events;
  CRoom server({"listener.0.name=named"}, [&] { return std::make_unique<CRoomLogic>(&events); });
  CTestSession client = server.Connect();
  client.Send(kAdd, SAddBody{1, 2});
  server.Stop();
  client.Expect(kAdd, SSumBody{3});
  client.ExpectClose(ECloseReason::kWorkerStop);
  EXPECT_EQ(events.Take(), (std::vector<std::string>{"start", "connect", "disconnect worker_stop", "stop"}));
}

TEST(CTestServerTest, RoutesAnswerOverHttp) {
  CRoom server({"listener.0.name=named", "room.seats=7"});
  const STestHttpAnswer answer = server.Get("/seats?x");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "7x");
  EXPECT_EQ(answer.fields.at("content-type"), "text/plain");
  EXPECT_EQ(server.Http({.method = "POST", .target = "/seats", .body = "y"}).body, "7y");
  EXPECT_EQ(server.Get("/nowhere").status, 404);
  CTestHttpCall later = server.BeginHttp({.target = "/later"});
  server.Advance(seconds(1));
  EXPECT_EQ(later.Answer().body, "later");
}

TEST(CTestServerTest, BadSettingsAndALogicThatRefusesThrow) {
  EXPECT_THROW(CRoom({"room.seats=10"}), std::runtime_error);
  EXPECT_THROW(CRoom({"room.chairs=1"}), std::runtime_error);
  // kWho is for a listener that isn't there.
  EXPECT_THROW(CRoom({}, [] { return std::make_unique<CRoomLogic>(); }).Settle(), std::logic_error);
}

TEST(CTestServerTest, FailuresSayWhatWasExpectedWhatCameAndWhatTheLogSays) {
  CRoom server({"listener.0.name=named"});
  CTestSession client = server.Connect();
  client.Send(kAdd, SAddBody{1, 2});
  EXPECT_EQ(FailureOf([&] { client.Expect(kAdd, "hi"); }),
            "expected a packet of msgCode 100 with 2 bytes: 68 69 (\"hi\"), got a packet of msgCode 100 with 8 bytes: "
            "00 00 00 00 00 00 00 03");
  server.SetPatience(milliseconds(50));  // for what doesn't come
  EXPECT_EQ(FailureOf([&] { client.Expect(kSaid); }), "expected a packet of msgCode 3 with 0 bytes, got nothing");
  EXPECT_EQ(FailureOf([&] { client.Ask(kNever); }), "expected an answer to msgCode 7, got nothing");
  EXPECT_EQ(FailureOf([&] { client.ExpectClose(ECloseReason::kFlood); }),
            "expected the end of the connection (flood), got nothing");

  server.SetPatience(seconds(5));
  CTestSession other = server.Connect();
  other.Send(kRefuse);
  const std::string rejected = FailureOf([&] { other.ExpectReject(kRefuse, 300); });
  EXPECT_THAT(rejected, HasSubstr("expected a Reject of msgCode 8: 300, got a Reject of msgCode 8: handler_failed\n"));
  EXPECT_THAT(rejected, HasSubstr("the server's log ends with:\n"));
  EXPECT_THAT(rejected, HasSubstr("returned false without an answer"));
  other.Send(kAdd, SAddBody{1, 2});
  EXPECT_THAT(FailureOf([&] { other.ExpectSilence(); }), HasSubstr("expected silence, got a packet of msgCode 100"));
  EXPECT_THAT(FailureOf([&] {
                other.Ask(kAdd, SAddBody{1, 2}).As<SAddBody>(), other.Ask(kJoin).As<SSumBody>();
              }),
              HasSubstr("expected a body of 8 bytes, got a packet of msgCode 1 with 0 bytes"));
  other.Ask(kKickMe);
  EXPECT_THAT(FailureOf([&] { other.Next(); }),
              HasSubstr("expected a packet, got the end of the connection (by_handler)"));
  EXPECT_THAT(FailureOf([&] { other.ExpectSilence(); }), HasSubstr("expected silence, got the end"));
  EXPECT_THAT(FailureOf([&] { other.ExpectClose(ECloseReason::kFlood); }),
              HasSubstr("expected the end of the connection (flood), got its end (by_handler)"));
  EXPECT_THAT(FailureOf([&] { server.Count("packets_perfect"); }),
              HasSubstr("there is no counter \"packets_perfect\""));
}

TEST(CTestServerTest, AServerThatDoesNotComeToRestIsAFailure) {
  CRoom server({"listener.0.name=named"});
  CTestSession client = server.Connect();
  server.SetPatience(milliseconds(50));
  server.Logic().Hold();
  client.Send(kHang);
  EXPECT_THAT(FailureOf([&] { server.Settle(); }), HasSubstr("the server has not come to rest within 50 ms"));
  server.SetPatience(seconds(5));
  server.Logic().Release();
  client.Expect(kHang);
}

}  // namespace
}  // namespace switchboard
