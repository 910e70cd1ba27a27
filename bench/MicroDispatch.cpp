// The hand-over to the business pool (mailbox, run queue, wake-up), and the table dispatch of CLogic.

#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "logic/CLogic.h"
#include "logic/CModuleSet.h"
#include "misc/CBufferPool.h"
#include "misc/CLog.h"
#include "net/config/CConfig.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CFlowControl.h"
#include "net/conn/Notes.h"
#include "net/hub/CHub.h"
#include "net/network/SServerLinks.h"
#include "net/packet/CPacketProtocol.h"
#include "net/role/CBusinessPool.h"
#include "net/role/CHeartThread.h"
#include "net/role/CSender.h"
#include "net/role/CSilenceWatch.h"
#include "net/role/CTimers.h"
#include "net/role/CTurn.h"
#include "net/role/SReadParts.h"
#include "net/wire/CFrameEncoder.h"
#include "net/wire/Counters.h"

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
    m_logic.Modules().Bind(m_links);
    m_p_protocol = std::make_unique<switchboard::CPacketProtocol>(
        switchboard::SProtocolParts{m_config, m_clock, m_buffers, m_flowControl, m_business, m_sender, m_reading,
                                    m_scoreboard.Page(0).io},
        switchboard::SListenerConfig{}, m_logic.Modules().PacketsOf(0));
    for (uint32_t i = 0; i < connections; ++i) {
      switchboard::CFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      m_connections.push_back(m_pool.Acquire(std::move(fd), {}, m_clock.Now(), *m_p_protocol));
    }
    switchboard::CFrameEncoder::WriteFrame(m_frame.data(), kCode, m_body);
    if (threads != 0) m_business.Start();
  }
  ~CHalfWorker() { m_business.Stop(); }
  CHalfWorker(const CHalfWorker&) = delete;
  CHalfWorker& operator=(const CHalfWorker&) = delete;

  // One packet to each connection, as after one round of epoll, and waits for the handlers.
  void RunRound() {
    m_logic.Expect(m_connections.size());
    switchboard::CRunList runnable;
    for (CConnection* p_connection : m_connections) {
      switchboard::BlockPtr p_block = m_buffers.Get(m_frame.size());
      p_block->Append(m_frame);
      m_business.CountQueued(1, p_connection->mailbox.Charge(*p_block, 1));
      if (p_connection->mailbox.Post(std::move(p_block))) runnable.PushBack(*p_connection);
    }
    m_business.Push(std::move(runnable));
    m_logic.Await();
  }

  // One packet straight to the handler table, in a turn of the calling thread.
  void Dispatch(switchboard::CTurn& turn) {
    switchboard::CFrameBatch batch(m_frame, 1);
    m_logic.Modules().PacketsOf(0).Run(turn, batch);
  }
  switchboard::CTurn& Turn() { return m_reading.turn; }
  CConnection& FirstConnection() { return *m_connections.front(); }

 private:
  static switchboard::SConfig ConfigWith(uint32_t threads) {
    switchboard::SConfig config;
    config.business.threads = threads;
    config.business.blocking_threads = 0;
    config.listeners.resize(1);
    return config;
  }

  const switchboard::SConfig m_config;
  const switchboard::CClock m_clock;
  switchboard::CLog m_log{"stderr", switchboard::ELogLevel::kWarn};
  switchboard::CLimitedLog m_limitedLog{m_log, m_clock, [] {}};
  switchboard::CScoreboard m_scoreboard{"", 1};
  CCountingLogic m_logic;
  switchboard::CBufferPool m_buffers;
  switchboard::SInboxes m_inboxes{m_config.pool.max_connections};
  switchboard::CConnectionPool m_pool{0, m_config.pool.connections, m_config.pool.max_connections,
                                      m_scoreboard.Page(0)};
  switchboard::CFlowControl m_flowControl{m_inboxes, m_config.limits.recv_pause_bytes};
  switchboard::CSender m_sender{m_config, m_pool, m_buffers, m_inboxes, m_flowControl, m_scoreboard.Page(0)};
  switchboard::CBusinessPool m_business{m_config,      m_limitedLog,        m_sender, m_pool, m_inboxes,
                                        m_flowControl, m_scoreboard.Page(0)};
  switchboard::CSilenceWatch m_silence{m_config, m_pool, m_inboxes};
  switchboard::CTimers m_timers;
  switchboard::CHeartThread m_heart{m_clock, m_silence, m_timers, m_business, m_limitedLog, m_scoreboard.Page(0)};
  const std::unique_ptr<switchboard::CHubBoard> m_p_board = switchboard::CHubBoard::ForOne(0);
  switchboard::CHub m_hub{m_config.hub, *m_p_board, 0, m_pool, m_sender, m_inboxes, m_scoreboard.Page(0)};
  const switchboard::SServerLinks m_links{
      m_config, m_log,   m_limitedLog,         m_clock, m_inboxes, m_pool, m_sender, m_business,
      m_timers, m_heart, m_scoreboard.Page(0), m_hub};
  switchboard::SReadTurn m_reading{m_business.Links(), m_scoreboard.Page(0)};
  std::unique_ptr<switchboard::CPacketProtocol> m_p_protocol;
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
  switchboard::CTurn& turn = worker.Turn();
  turn.Begin(worker.FirstConnection());
  for (auto _ : state) worker.Dispatch(turn);
  turn.End();
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(HandOver)->ArgNames({"threads", "connections"})->ArgsProduct({{1, 2, 4}, {1, 64, 1000}})->UseRealTime();
BENCHMARK(TableDispatch);

}  // namespace
