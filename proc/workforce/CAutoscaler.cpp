#include "proc/workforce/CAutoscaler.h"

namespace switchboard {

void CAutoscaler::HandleDeadline(bool isSettled) {
  if (!m_scaler.IsDue()) return;
  switch (m_scaler.Look(isSettled ? MeasureLoads() : std::vector<double>())) {
    case CScaler::EAdvice::kGrow:
      return AddWorker(IsProcessPool() ? "the workers are busy" : "sb-io is busy");
    case CScaler::EAdvice::kShrink:
      return RetireWorker();
    case CScaler::EAdvice::kStay:
      return;
  }
}

std::vector<double> CAutoscaler::MeasureLoads() {
  CWorkerSet& workers = m_workforce.Workers();
  if (!workers.AreReady(Current())) return {};
  std::vector<pid_t> pids;
  std::vector<double> busy;
  for (uint32_t slot = 0; slot < Current().Slots(); ++slot) {
    const SWorkerProcess& worker = *workers.Serving(Current(), slot);
    pids.push_back(worker.pid);
    busy.push_back(m_workforce.Balancer().IsBusy(worker) ? 1 : 0);
  }
  if (IsProcessPool()) return busy;
  return m_ioLoad.MeasureAll(pids, m_clock.Now());
}

void CAutoscaler::AddWorker(const std::string& why) {
  Current().AddSlot();
  const uint32_t slot = Current().Slots() - 1;
  m_log.Info("{}: worker process {} is added", why, slot);
  m_workforce.Respawn(m_generations.Current(), slot);
}

void CAutoscaler::AddOnDemand() {
  const std::optional<SDynamicWorkers>& dynamic = Current().Config().server.dynamic_workers;
  if (!dynamic || Current().Slots() >= dynamic->max || !m_workforce.Workers().AreReady(Current())) return;
  AddWorker("a client waits");
  m_scaler.Restart();
}

void CAutoscaler::RetireWorker() {
  const uint32_t slot = Current().Slots() - 1;
  SWorkerProcess* const p_worker = m_workforce.Workers().Serving(Current(), slot);
  // Its work is not to be cut short; the scaler comes back to it.
  if (IsProcessPool() && p_worker != nullptr && m_workforce.Balancer().IsBusy(*p_worker)) return;
  Current().RemoveSlot();
  m_log.Info("{}: worker process {} retires", IsProcessPool() ? "workers are idle" : "sb-io is idle", slot);
  m_workforce.Workers().HandOver(Current());
  m_workforce.Balancer().Serve(m_generations.Current());
  if (p_worker != nullptr) m_workforce.TellToStop(*p_worker, EStopMode::kGraceful, EGoAwayReason::kRetire);
}

}  // namespace switchboard
