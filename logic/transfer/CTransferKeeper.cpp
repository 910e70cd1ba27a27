#include "logic/transfer/CTransferKeeper.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "misc/thread/CClock.h"

namespace switchboard {

namespace {

constexpr int kNice = 10;
constexpr std::chrono::hours kSweepPeriod{1};
// Between two counts, whoever wants them, and whichever worker does them.
constexpr std::chrono::minutes kLeastBetween{1};

}  // namespace

CTransferKeeper::CTransferKeeper(const CTransferStore& store, const STransferConfig& config)
    : m_store(store), m_config(config), m_thread("sb-keep", [this] { Run(); }) {}

CTransferKeeper::~CTransferKeeper() {
  m_isStopping.store(true);
  m_wakeup.Signal();
  m_thread.Join();
}

void CTransferKeeper::WantCount() {
  if (!m_isCountWanted.exchange(true)) m_wakeup.Signal();
}

void CTransferKeeper::Run() {
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of this thread; where it fails, it is equal
  const auto sweepPeriod = std::min<MonotonicTime::duration>(m_config.keep, kSweepPeriod);
  const auto between = std::min<MonotonicTime::duration>(m_config.recount, kLeastBetween);
  MonotonicTime now = std::chrono::steady_clock::now();
  MonotonicTime nextSweep = now;
  MonotonicTime nextCount = now;
  MonotonicTime earliestCount = now;
  while (!m_isStopping.load()) {
    if (now >= nextSweep) {
      m_store.Sweep();
      nextSweep = now + sweepPeriod;
    }
    if (now >= nextCount) {
      m_isCountWanted.store(false);
      m_store.Count(between, m_isStopping);
      now = std::chrono::steady_clock::now();
      earliestCount = now + between;
      nextCount = now + m_config.recount;
    }
    m_wakeup.Wait(std::min(nextSweep, nextCount), now);
    now = std::chrono::steady_clock::now();
    if (m_isCountWanted.load()) nextCount = std::min(nextCount, std::max(earliestCount, now));
  }
}

}  // namespace switchboard
