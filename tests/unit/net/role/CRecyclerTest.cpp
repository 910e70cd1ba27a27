#include "net/role/CRecycler.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <semaphore>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "net/conn/CCloser.h"
#include "net/role/CSender.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/CFrameEncoder.h"
#include "tests/support/CStubApplication.h"
#include "tests/support/CStubProtocol.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"
#include "tests/support/Scale.h"

namespace switchboard {
namespace {

TEST(CRecyclerTest, ASlotIsNotLentAgainWhileItsHandlerRunsHoweverLong) {
  std::binary_semaphore gate(0);
  std::atomic<uint32_t> blockedSlot{UINT32_MAX};
  std::mutex mutex;
  std::set<CSession> seen;
  CStubApplication socket;
  socket.onOpening = [&](CTurn& turn) {
    const std::lock_guard lock(mutex);
    seen.insert(turn.Session());
  };
  socket.onFrame = [&](CTurn& turn, const SFrame& frame) {
    if (frame.msgCode == 1) {
      blockedSlot = turn.Session().Slot();
      gate.acquire();
    }
    CStubApplication::Echo(turn, frame);
  };
  const auto slotWasLentTwice = [&](uint32_t slot) {
    const std::lock_guard lock(mutex);
    return std::count_if(seen.begin(), seen.end(), [&](const CSession& one) { return one.Slot() == slot; }) > 1;
  };
  SConfig config = TestConfig();
  config.recycle.delay = std::chrono::milliseconds(0);
  CTestNetwork network(socket, config);

  CTestClient first(network.Port());
  first.SendFrame(1);
  ASSERT_TRUE(Eventually([&] { return blockedSlot != UINT32_MAX; }));
  first.Rst();
  ASSERT_TRUE(Eventually([&] { return network.Active() == 0; })) << "the close doesn't wait for the handler";
  const auto connectOnce = [&] {
    CTestClient client(network.Port());
    client.SendFrame(2);
    ASSERT_TRUE(client.ReceiveFrame().has_value());
  };
  for (int i = 0; i < 50; ++i) {
    connectOnce();
    ASSERT_TRUE(Eventually([&] { return network.Active() == 0; }));
  }
  EXPECT_FALSE(slotWasLentTwice(blockedSlot));
  gate.release();
  // Those who stay take one free slot after the other, so its turn comes wherever among them it lies.
  std::vector<std::unique_ptr<CTestClient>> clients;
  EXPECT_TRUE(Eventually([&] {
    clients.push_back(std::make_unique<CTestClient>(network.Port()));
    clients.back()->SendFrame(2);
    EXPECT_TRUE(clients.back()->ReceiveFrame().has_value());
    return slotWasLentTwice(blockedSlot);
  })) << "afterwards it is";
}

TEST(CRecyclerTest, ASlotCoolsDownBeforeItIsLentAgain) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.pool.connections = config.pool.max_connections = 1;
  config.recycle.delay = std::chrono::milliseconds(50);
  CTestNetwork network(socket, config);
  CTestClient first(network.Port());
  first.SendFrame(1);
  ASSERT_TRUE(first.ReceiveFrame().has_value());
  const auto closed = std::chrono::steady_clock::now();
  first.Close();
  CTestClient second(network.Port());
  second.SendFrame(1);
  ASSERT_TRUE(second.ReceiveFrame().has_value());
  EXPECT_GE(std::chrono::steady_clock::now() - closed, config.recycle.delay);
}

// The parts around the slots, without sb-io and handlers: the test plays these two roles itself, so that a life takes
// microseconds. Each life writes to a duplicate of one of the sockets below, and what arrives at the socket's other end
// names the life that it was meant for.
class CRecycleCyclesTest : public testing::TestWithParam<EReplyPath> {
 protected:
  static constexpr size_t kSlots = 64;
  static constexpr uint32_t kLastStep = UINT32_MAX;
  // A million on the path that the reply takes by default; the other one shares the closing half with it.
  static size_t Cycles() { return (GetParam() == EReplyPath::kDirect ? 1'000'000 : 100'000) / kFewer; }

  struct SBody {
    uint32_t slot;
    uint32_t generation;
  };
  struct SPair {
    CFd serverEnd;
    CFd clientEnd;
    Bytes arrived;     // of a frame that has not arrived whole
    CSession session;  // of the life that goes on
  };

  static SConfig Config() {
    SConfig config = TestConfig();
    config.recycle.delay = std::chrono::milliseconds(0);
    config.reply.path = GetParam();
    return config;
  }

  void SetUp() override {
    for (SPair& pair : m_pairs) {
      int ends[2];
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
      pair.serverEnd.Reset(ends[0]);
      pair.clientEnd.Reset(ends[1]);
    }
    m_recycler.Start();
    m_sender.Start();
  }
  void TearDown() override {
    m_sender.Stop();
    m_recycler.Stop();
  }

  // Sends to a session as CServerCalls does, with the session's name in the body.
  bool Send(const CSession& session) {
    CConnection* p_connection = m_pool.Find(session);
    if (p_connection == nullptr) return false;
    const SBody body{session.Slot(), session.Generation()};
    std::array<std::byte, kHeaderBytes + sizeof(body)> frame;
    CFrameEncoder::WriteFrame(frame.data(), 1, std::as_bytes(std::span(&body, 1)));
    return m_sender.Write(*p_connection, session.Generation(), frame, CTally::Shared(m_p_page->shared));
  }

  // Whenever the test has got a step further, sends to the lives before, and to some of those that go on.
  void Push() {
    for (uint32_t step = 0; step != kLastStep; m_step.wait(step), step = m_step.load()) {
      for (uint32_t slot = 0; slot < kSlots; ++slot) {
        const uint32_t generation = m_generations[slot].load();
        if (generation < 2) continue;
        if (Send({0, slot, generation - 1})) ++m_staleSends;
        if ((slot + step) % 4 == 0) Send({0, slot, generation});
      }
    }
  }
  void NextStep() {
    ++m_step;
    m_step.notify_one();
  }

  // Reads what came to a socket; all of it must have been meant for the life that goes on.
  void CheckArrivals(SPair& pair) {
    std::array<std::byte, 4096> buffer;
    size_t n;
    do {
      n = static_cast<size_t>(std::max<ssize_t>(::recv(pair.clientEnd.Get(), buffer.data(), buffer.size(), 0), 0));
      Append(pair.arrived, std::span(buffer).first(n));
    } while (n == buffer.size());
    constexpr size_t kFrameBytes = kHeaderBytes + sizeof(SBody);
    std::span<const std::byte> frames(pair.arrived);
    for (; frames.size() >= kFrameBytes; frames = frames.subspan(kFrameBytes)) {
      SBody body;
      std::memcpy(&body, frames.data() + kHeaderBytes, sizeof(body));
      ++m_arrivals;
      if (CSession(0, body.slot, body.generation) != pair.session) ++m_crossed;
    }
    pair.arrived = {frames.begin(), frames.end()};
  }

  // One life of every slot.
  void LiveOnce(EPhase lastPhase) {
    for (SPair& pair : m_pairs) {
      CFd duplicate(::fcntl(pair.serverEnd.Get(), F_DUPFD_CLOEXEC, 0));
      CConnection* p_connection = m_pool.Acquire(std::move(duplicate), {}, {}, m_protocol);
      ASSERT_NE(p_connection, nullptr);
      pair.session = p_connection->Session();
      m_generations[pair.session.Slot()].store(pair.session.Generation());
      ASSERT_TRUE(Send(pair.session));
    }
    NextStep();
    for (const SPair& pair : m_pairs) {
      const CSession session = pair.session;
      m_closer.Close(m_pool.At(session.Slot()), session.Generation(), lastPhase, ECloseReason::kPeerClosed);
      m_inboxes.TellRecycler(recycle_note::SReadHalfDone{session});
      m_inboxes.TellRecycler(recycle_note::SHandlingDone{session});
    }
    NextStep();
    // Free slots are announced to an accepter that rests only, so this looks again and again.
    for (uint32_t i = 1; m_pool.Lent() != 0; ++i) {
      if (i % 1000 == 0) std::for_each(m_pairs.begin(), m_pairs.end(), [this](SPair& pair) { CheckArrivals(pair); });
      std::this_thread::yield();
    }
    for (SPair& pair : m_pairs) {
      CheckArrivals(pair);
      pair.arrived.clear();
    }
    std::vector<IoNote> unwanted;
    m_inboxes.io.Take(unwanted);
  }

  CStubProtocol m_protocol;
  const SConfig m_config = Config();
  CClock m_clock;
  std::unique_ptr<SWorkerPage> m_p_page = std::make_unique<SWorkerPage>();
  CBufferPool m_buffers;
  SInboxes m_inboxes{kSlots};
  CConnectionPool m_pool{0, kSlots, kSlots, *m_p_page};
  CFlowControl m_flowControl{m_inboxes, 1'000'000};
  CSender m_sender{m_config, m_pool, m_buffers, m_inboxes, m_flowControl, *m_p_page};
  CLog m_log{"/dev/null", ELogLevel::kAlert};
  CLimitedLog m_limitedLog{m_log, m_clock, [] {}};
  CRecycler m_recycler{m_config, m_clock, m_pool, m_inboxes, *m_p_page, m_limitedLog};
  CCloser m_closer{m_inboxes};

  std::array<SPair, kSlots> m_pairs;
  std::array<std::atomic<uint32_t>, kSlots> m_generations{};
  std::atomic<uint32_t> m_step{0};
  std::atomic<uint64_t> m_staleSends{0};
  uint64_t m_arrivals = 0;
  uint64_t m_crossed = 0;
};

TEST_P(CRecycleCyclesTest, NothingReachesTheNextLifeOfASlot) {
  const size_t cycles = Cycles();
  CThread pusher("pusher", [this] { Push(); });
  for (size_t lives = 0; lives < cycles && !HasFatalFailure(); lives += kSlots) {
    LiveOnce(lives / kSlots % 2 == 0 ? EPhase::kFlushing : EPhase::kAborting);
  }
  m_step = kLastStep;
  m_step.notify_one();
  pusher.Join();
  EXPECT_EQ(m_crossed, 0U);
  EXPECT_EQ(m_staleSends, 0U);
  EXPECT_GE(m_arrivals, cycles / 2) << "at least what was sent to the lives that were flushed";
  EXPECT_EQ(m_p_page->recycle.Get(CounterOf(ECloseReason::kPeerClosed)), (cycles + kSlots - 1) / kSlots * kSlots);
}

INSTANTIATE_TEST_SUITE_P(ReplyPaths, CRecycleCyclesTest, testing::Values(EReplyPath::kDirect, EReplyPath::kSendThread));

}  // namespace
}  // namespace switchboard
