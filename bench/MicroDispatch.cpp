// The hand-over to the business pool (mailbox, run queue, wake-up), and the table dispatch of CLogic.

#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "logic/CLogic.h"
#include "misc/CBufferPool.h"
#include "misc/CLog.h"
#include "misc/CScoreboard.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CFlowControl.h"
#include "net/conn/Notes.h"
#include "net/role/CBusinessPool.h"
#include "net/role/CHeartThread.h"
#include "net/role/CSender.h"
#include "net/role/CSilenceWatch.h"
#include "net/role/CTimers.h"
#include "net/role/CTurn.h"
#include "net/wire/CFrameEncoder.h"

namespace {

using switchboard::CConnection;
using switchboard::CRequest;
using switchboard::CTally;
using switchboard::SFrame;

constexpr uint16_t kCode = 7;
constexpr size_t kFrameBytes = 64;

// One-way, so that no socket is in the way; says when a round of packets is done.
class CCountingLogic final : public switchboard::CLogic {
 public:
  CCountingLogic() { On(kCode, &CCountingLogic::Handle, switchboard::Run::kPool, switchboard::Reply::kNone); }

  void Expect(uint64_t packets) { m_left.store(packets); }
  void Await() {
    for (uint64_t left = m_left.load(); left != 0; left = m_left.load()) m_left.wait(left);
  }

 private:
  bool Handle(CRequest& request) {
    benchmark::DoNotOptimize(request.Body().data());
    if (m_left.fetch_sub(1) == 1) m_left.notify_one();
    return true;
  }

  std::atomic<uint64_t> m_left{0};
};

// A worker without sb-io: the benchmark plays its part.
class CHalfWorker {
 public:
  CHalfWorker(uint32_t threads, uint32_t connections) : m_config(ConfigWith(threads)) {
    m_logic.Bind(
        {m_config, m_log, m_clock, m_inboxes, m_pool, m_sender, m_dispatcher, m_timers, m_heart, m_scoreboard.Page(0)});
    for (uint32_t i = 0; i < connections; ++i) {
      switchboard::CFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      m_connections.push_back(m_pool.Acquire(std::move(fd), {}, m_clock.Now()));
      m_connections.back()->mailbox.Take();  // its opening
      m_connections.back()->mailbox.Leave();
    }
    switchboard::CFrameEncoder::WriteFrame(m_frame.data(), kCode, m_body);
    if (threads != 0) m_dispatcher.Start();
  }
  ~CHalfWorker() { m_dispatcher.Stop(); }
  CHalfWorker(const CHalfWorker&) = delete;
  CHalfWorker& operator=(const CHalfWorker&) = delete;

  // One packet to each connection, as after one round of epoll, and waits for the handlers.
  void RunRound() {
    m_logic.Expect(m_connections.size());
    switchboard::CRunList runnable;
    for (CConnection* p_connection : m_connections) {
      switchboard::BlockPtr p_block = m_buffers.Get(m_frame.size());
      p_block->Append(m_frame);
      m_dispatcher.CountQueued(1);
      if (p_connection->mailbox.Post(std::move(p_block))) runnable.PushBack(*p_connection);
    }
    m_dispatcher.Push(std::move(runnable));
    m_logic.Await();
  }

  // One packet straight to the handler table, in a turn of the calling thread.
  void Dispatch(switchboard::CTurn& turn) { Handlers().OnFrame(turn, SFrame::At(m_frame.data())); }
  switchboard::CTurn MakeTurn() { return {m_sender, m_inboxes, CTally::Own(m_scoreboard.Page(0).io), m_trace}; }
  CConnection& FirstConnection() { return *m_connections.front(); }

 private:
  static switchboard::SConfig ConfigWith(uint32_t threads) {
    switchboard::SConfig config;
    config.business.threads = threads;
    return config;
  }
  switchboard::CHandlers& Handlers() { return m_logic; }

  const switchboard::SConfig m_config;
  const switchboard::CClock m_clock;
  switchboard::CLog m_log{"stderr", switchboard::ELogLevel::kWarn};
  switchboard::CScoreboard m_scoreboard{"", 1};
  CCountingLogic m_logic;
  switchboard::CBufferPool m_buffers;
  switchboard::SInboxes m_inboxes{m_config.pool.max_connections};
  switchboard::CConnectionPool m_pool{0, m_config.pool.connections, m_config.pool.max_connections,
                                      m_scoreboard.Page(0)};
  switchboard::CFlowControl m_flowControl{m_inboxes, m_config.limits.recv_pause_bytes};
  switchboard::CSender m_sender{m_config, m_pool, m_buffers, m_inboxes, m_flowControl, m_scoreboard.Page(0)};
  switchboard::CDispatcher m_dispatcher{
      m_config, m_log, m_logic, m_sender, m_inboxes, m_flowControl, m_scoreboard.Page(0)};
  switchboard::CHeartbeat m_heartbeat{m_config, m_pool, m_inboxes};
  switchboard::CTimers m_timers;
  switchboard::CHeart m_heart{m_clock, m_heartbeat, m_timers, m_dispatcher, m_scoreboard.Page(0)};
  switchboard::CTrace m_trace{m_scoreboard.Page(0).ioTrace};
  std::array<std::byte, kFrameBytes - switchboard::kHeaderBytes> m_body{};
  std::array<std::byte, kFrameBytes> m_frame{};
  std::vector<CConnection*> m_connections;
};

void HandOver(benchmark::State& state) {
  const auto connections = static_cast<uint32_t>(state.range(1));
  CHalfWorker worker(static_cast<uint32_t>(state.range(0)), connections);
  for (auto _ : state) worker.RunRound();
  state.SetItemsProcessed(state.iterations() * connections);
}

void TableDispatch(benchmark::State& state) {
  CHalfWorker worker(0, 1);
  switchboard::CTurn turn = worker.MakeTurn();
  turn.Begin(worker.FirstConnection());
  for (auto _ : state) worker.Dispatch(turn);
  turn.End();
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(HandOver)->ArgNames({"threads", "connections"})->ArgsProduct({{1, 2, 4}, {1, 64, 1000}})->UseRealTime();
BENCHMARK(TableDispatch);

}  // namespace
