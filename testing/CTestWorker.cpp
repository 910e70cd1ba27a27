#include "testing/CTestWorker.h"

#include <string>
#include <utility>

#include "logic/CModuleSet.h"
#include "misc/thread/CallUser.h"

namespace switchboard {

namespace {

CSessionWatch& AddWatch(CLogic& logic) {
  auto p_watch = std::make_unique<CSessionWatch>();
  CSessionWatch& watch = *p_watch;
  logic.Modules().Add(std::move(p_watch));
  return watch;
}

// What a dead worker has counted.
std::unique_ptr<SWorkerPage> CopyOf(const SWorkerPage& page) {
  auto p_copy = std::make_unique<SWorkerPage>();
  const CounterTotals totals = page.Sum();
  for (size_t i = 0; i < kCountersInUse; ++i) p_copy->shared.AddShared(static_cast<ECounter>(i), totals[i]);
  p_copy->connectionsActive.store(page.connectionsActive.load());
  for (size_t place = 0; place < CNamedCounters::kMost; ++place) {
    const std::string name = page.named.Name(place);
    if (!name.empty()) p_copy->named.Add(name)->store(page.named.Value(place));
  }
  return p_copy;
}

}  // namespace

CTestWorker::CTestWorker(const SNetworkDeps& deps, std::unique_ptr<CLogic> p_logic, std::unique_ptr<SWorkerPage> p_page,
                         std::vector<SListenerSocket> listeners)
    : m_p_page(std::move(p_page)), m_p_logic(std::move(p_logic)), m_watch(AddWatch(*m_p_logic)) {
  m_p_network = std::make_unique<CNetwork>(deps, m_p_logic->Modules(), std::move(listeners));
  m_p_network->Start();
}

CTestWorker::~CTestWorker() {
  m_p_network->Stop(EStopMode::kFast);
  for (auto p_module = m_forsaken.rbegin(); p_module != m_forsaken.rend(); ++p_module) {
    CallUser([&] { (*p_module)->OnWorkerStop(); }, [](std::string_view) {});
  }
}

std::unique_ptr<SWorkerPage> CTestWorker::Crash() {
  std::unique_ptr<SWorkerPage> p_left = CopyOf(*m_p_page);
  WriteOff(*p_left);
  m_forsaken = m_p_logic->Modules().Forsake();
  m_p_network->Stop(EStopMode::kAbort);
  m_watch.EndAll(ECloseReason::kWorkerLost);
  return p_left;
}

}  // namespace switchboard
