#include "client-sim/load/CLoadRun.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "client-sim/base/Process.h"
#include "client-sim/base/Text.h"
#include "client-sim/load/CRateSearch.h"
#include "client-sim/message/CAccountRegistrar.h"
#include "client-sim/message/CGetMessage.h"
#include "client-sim/message/CMessageFactory.h"
#include "client-sim/scenario/CScenarioFile.h"

namespace switchboard::sim {
namespace {

// Enough to reach several rows of the server's store; few, as each costs the server a password hash.
constexpr size_t kSharedAccounts = 4;
// Where --find-max begins.
constexpr double kFirstRate = 1000;

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// "12 overload, 3 reason 300"
std::string RejectsText(const CLedger& ledger) {
  std::string text;
  for (const auto& [reason, count] : ledger.RejectsByReason()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", WithCommas(count), RejectName(reason));
  }
  return text;
}

}  // namespace

CLoadRun::CLoadRun(const SRunOptions& options, CRunObserver& observer)
    : m_options(options),
      m_observer(observer),
      m_server(options.server, options.sources),
      m_pattern(options.seed),
      m_crew(m_clock),
      m_series(m_crew) {
  if (!options.attacks.empty() && !options.isTargetMine && !m_server.IsLoopback()) {
    throw std::invalid_argument(fmt::format(
        "{} isn't on this machine: attack only what you own, and say so with --i-own-this-target", options.server));
  }
  RaiseDescriptorLimit(options.connections);
  m_result.options = options;
}

SRunResult CLoadRun::Execute() {
  if (!Prepare()) return std::move(m_result);
  m_observer.OnStart(m_options);
  const double cpuBefore = CpuSeconds();
  RunPhases();
  m_crew.Dismiss();
  m_result.cpuSeconds = CpuSeconds() - cpuBefore;
  Collect();
  Judge();
  return std::move(m_result);
}

bool CLoadRun::Prepare() {
  try {
    BuildScenario();
  } catch (const std::system_error& error) {
    Fail(kExitNoConnection, fmt::format("could not connect to {}: {}", m_options.server, error.code().message()));
    return false;
  } catch (const CScenarioError&) {
    throw;
  } catch (const std::runtime_error& error) {
    Fail(kExitNotPrepared, error.what());
    return false;
  }
  const SDriverPlan plan{m_server,
                         m_scenario,
                         m_clock,
                         m_crew.Notes(),
                         m_options.connections,
                         m_options.connections == 0 ? 0 : m_options.threads,
                         m_options.drain,
                         m_options.connect,
                         m_options.seed,
                         m_options.isReconnecting,
                         m_options.isResetExpected};
  m_crew.Start(plan, m_options.isPinned);
  return AwaitReady();
}

void CLoadRun::BuildScenario() {
  const std::string namePrefix = fmt::format("sim{}_{:x}", ::getpid(), std::random_device{}());
  const auto patience =
      std::max(std::chrono::ceil<std::chrono::milliseconds>(m_options.connect), std::chrono::milliseconds(1));
  CMessageFactory factory(m_pattern, m_options.bodyBytes, namePrefix, [&] {
    const CAccountRegistrar registrar(m_server, namePrefix + "s", patience);
    return registrar.Register(std::clamp<size_t>(m_options.connections, 1, kSharedAccounts));
  });
  factory.SetGet([&] { return CGetMessage::Load(m_server, m_options.getFile, patience); });
  if (!m_options.scenario.empty()) {
    m_scenario = CScenarioFile::Read(m_options.scenario, m_options.depth, factory);
    return;
  }
  std::deque<SConnectionClass> classes(1);
  SConnectionClass& oneClass = classes.front();
  oneClass.depth = m_options.depth;
  for (const SMixEntry& entry : m_options.mix) oneClass.workload.Add(factory.Make(entry.name), entry.weight);
  m_scenario = CScenario(std::move(classes));
}

bool CLoadRun::AwaitReady() {
  while (!m_crew.IsReady()) {
    m_crew.Wait(kNever);
    if (!m_crew.HasFailed()) continue;
    Fail(kExitNoConnection, fmt::format("could not open {} connections to {}: {}", m_options.connections,
                                        m_options.server, m_crew.Error()));
    return false;
  }
  return true;
}

void CLoadRun::RunPhases() {
  const double firstRate = m_options.steps.empty() ? m_options.rate : m_options.steps.front();
  if (m_options.warmup != Nanoseconds::zero()) {
    SPhase warmup =
        PhaseOf(EPhaseKind::kWarmup, "warm-up", m_options.isFindMax && firstRate == 0 ? kFirstRate : firstRate);
    warmup.duration = m_options.warmup;
    warmup.requests = 0;
    if (!RunPhase(warmup)) return;
  }
  if (m_options.isFindMax) return SearchMax();
  if (!m_options.attacks.empty()) return RunUnderAttack();
  for (const double rate : m_options.steps) {
    if (!RunPhase(PhaseOf(EPhaseKind::kStep, fmt::format("{:.0f}/s", rate), rate))) return;
  }
  if (m_options.steps.empty()) RunPhase(PhaseOf(EPhaseKind::kLoad, "load", m_options.rate));
}

SPhase CLoadRun::PhaseOf(EPhaseKind kind, std::string name, double rate) const {
  SPhase phase;
  phase.kind = kind;
  phase.name = std::move(name);
  phase.rate = rate;
  phase.isPoisson = m_options.isPoisson;
  phase.duration = m_options.duration;
  phase.requests = m_options.requests;
  // What a trial could not send in time tells enough.
  phase.overtime = kind == EPhaseKind::kTrial ? Nanoseconds::zero() : m_options.drain / 2;
  // Only the first phase finds a server at rest.
  if (m_result.phases.empty()) phase.ramp = m_options.ramp;
  return phase;
}

void CLoadRun::SearchMax() {
  CRateSearch search(m_options.rate > 0 ? m_options.rate : kFirstRate);
  while (const std::optional<double> rate = search.Next()) {
    const bool goesOn = RunPhase(PhaseOf(EPhaseKind::kTrial, fmt::format("{:.0f}/s", *rate), *rate));
    search.Tell(m_result.phases.back().isObjectiveMet == true);
    if (!goesOn) break;
  }
  m_result.maxRate = search.Best();
}

void CLoadRun::RunUnderAttack() {
  if (m_options.connections != 0 &&
      !RunPhase(PhaseOf(EPhaseKind::kBeforeAttack, "before the attack", m_options.rate))) {
    return;
  }
  std::deque<CAttackers> attackers;
  {
    std::vector<CThread> threads;
    for (const std::string& name : m_options.attacks) {
      CAttackers& one =
          attackers.emplace_back(SAttackKind::Named(name), m_options.attackers, m_server, m_clock, m_options.seed);
      threads.emplace_back("sim-" + name, [&one] { one.Run(); });
    }
    RunPhase(PhaseOf(EPhaseKind::kUnderAttack, "under attack", m_options.rate));
    for (CAttackers& one : attackers) one.Stop();
  }
  for (const CAttackers& one : attackers) m_result.attacks.push_back(one.Outcome());
}

bool CLoadRun::RunPhase(const SPhase& phase) {
  if (m_crew.IsStopped()) return false;
  m_result.phases.emplace_back();
  m_observer.OnPhaseBegin(phase.kind, phase.name, phase.rate,
                          phase.requests == 0 ? phase.duration : Nanoseconds::zero());
  CLedger before;
  m_crew.AddCountsTo(before);
  m_phaseStart = m_clock.Now();
  if (!m_start) m_start = m_phaseStart;
  m_series.BeginPhase(phase, m_result.phases.size() - 1, m_phaseStart);
  m_crew.Begin(phase);
  WatchPhase(phase);

  SPhaseResult& result = m_result.phases.back();
  result.kind = phase.kind;
  result.name = phase.name;
  result.targetRate = phase.rate;
  result.startSeconds = SecondsOf(m_phaseStart - *m_start);
  CLedger after;
  m_crew.AddCountsTo(after);
  const auto gained = [&](ECount what) { return after.Get(what) - before.Get(what); };
  result.sent = gained(ECount::kSent);
  result.replies = gained(ECount::kReplied);
  result.rejects = gained(ECount::kRejected);
  result.inFlightAtReset = gained(ECount::kInFlightAtReset);
  result.unsent = gained(ECount::kUnsent);
  result.faults = after.Faults() - before.Faults();
  FinishPhase(result);
  const uint64_t failures = result.sent - result.replies - gained(ECount::kOneWay) + result.unsent;
  if (!m_options.objectives.empty()) result.isObjectiveMet = true;
  for (const CObjective& objective : m_options.objectives) {
    if (objective.IsMet(result.latencies, failures)) continue;
    result.isObjectiveMet = false;
    result.missed += (result.missed.empty() ? "" : "; ") + objective.Miss(result.latencies, failures);
  }
  m_observer.OnPhaseEnd(result);
  return !m_crew.IsStopped();
}

void CLoadRun::WatchPhase(const SPhase& phase) {
  const MonotonicTime end = m_phaseStart + phase.duration;
  // Attackers alone have no driver that knows when it is over.
  const bool hasDrivers = !m_crew.Drivers().empty();
  const auto isOver = [&] { return hasDrivers ? m_crew.IsPhaseOver() : m_clock.Now() >= end || m_crew.IsStopped(); };
  while (!isOver()) {
    const MonotonicTime next = m_series.SecondEnd();
    m_crew.Wait(hasDrivers ? next : std::min(next, end));
    const MonotonicTime now = m_clock.Now();
    if (now >= next && !isOver()) AddSecond(now);
  }
  const MonotonicTime now = m_clock.Now();
  if (m_series.IsWorthAPoint(now)) AddSecond(now);
}

void CLoadRun::AddSecond(MonotonicTime now) {
  CLedger totals;
  m_crew.AddCountsTo(totals);
  m_result.series.push_back(m_series.Cut(now, totals));
  m_observer.OnSecond(m_result.series.back(), totals);
}

void CLoadRun::FinishPhase(SPhaseResult& result) const {
  MonotonicTime end = m_phaseStart;
  for (const CDriver& driver : m_crew.Drivers()) {
    result.latencies.Add(driver.Latencies());
    result.repliesInTime += driver.RepliesInTime();
    end = std::max(end, driver.End());
  }
  if (m_crew.Drivers().empty()) end = m_clock.Now();
  result.seconds = SecondsOf(end - m_phaseStart);
}

void CLoadRun::Collect() {
  for (const CDriver& driver : m_crew.Drivers()) {
    m_result.ledger.Add(driver.Ledger());
    m_result.reconnectTimes.Add(driver.ReconnectTimes());
  }
  for (const SPhaseResult& phase : m_result.phases) {
    if (!IsMeasured(phase)) continue;
    m_result.latencies.Add(phase.latencies);
    m_result.seconds += phase.seconds;
    m_result.repliesInTime += phase.repliesInTime;
  }
}

uint64_t CLoadRun::UndeclaredRejects() const {
  // A trial is to find out where the limit is: its objectives judge what was rejected there.
  uint64_t rejects = 0;
  for (const SPhaseResult& phase : m_result.phases) {
    if (phase.kind != EPhaseKind::kTrial) rejects += phase.rejects;
  }
  return rejects;
}

bool CLoadRun::IsMeasured(const SPhaseResult& phase) const {
  if (phase.kind == EPhaseKind::kTrial) return phase.targetRate == m_result.maxRate && phase.isObjectiveMet == true;
  return phase.kind != EPhaseKind::kWarmup && phase.kind != EPhaseKind::kBeforeAttack;
}

void CLoadRun::Judge() {
  const CLedger& ledger = m_result.ledger;
  const uint64_t cutOff = ledger.Get(ECount::kInFlightAtReset);
  const uint64_t closed = ledger.Get(ECount::kClosedByServer);
  uint64_t unopened = 0;
  for (const CDriver& driver : m_crew.Drivers()) unopened += driver.Unopened();
  if (ledger.Faults() != 0) return Fail(kExitFaults, fmt::format("{} faults", ledger.Faults()));
  if (cutOff != 0 && !m_options.isResetExpected) {
    return Fail(kExitFaults,
                fmt::format("{} requests were in flight when the server closed their connections", cutOff));
  }
  if (closed != 0 && !m_options.isResetExpected && !m_options.isReconnecting) {
    return Fail(kExitFaults, fmt::format("the server closed {} connections", closed));
  }
  if (const uint64_t rejects = UndeclaredRejects(); rejects != 0 && !m_options.isRejectAllowed) {
    return Fail(kExitFaults, fmt::format("{} requests were rejected: {}", rejects, RejectsText(ledger)));
  }
  if (unopened != 0) {
    return Fail(kExitNoConnection, fmt::format("{} connections could not be opened again", unopened));
  }
  if (m_options.isFindMax && m_result.maxRate == 0) {
    const SPhaseResult* p_last = m_result.phases.empty() ? nullptr : &m_result.phases.back();
    return Fail(kExitObjectiveMissed, p_last == nullptr ? "no rate kept the objectives"
                                                        : fmt::format("no rate kept the objectives; at {}: {}",
                                                                      p_last->name, p_last->missed));
  }
  for (const SPhaseResult& phase : m_result.phases) {
    if (!IsMeasured(phase) || phase.isObjectiveMet != false) continue;
    return Fail(kExitObjectiveMissed, fmt::format("objective missed at {}: {}", phase.name, phase.missed));
  }
}

}  // namespace switchboard::sim
