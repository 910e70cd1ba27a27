#include "proc/master/CControl.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <stdexcept>

#include "net/wire/Counters.h"
#include "proc/health/Totals.h"
#include "proc/start/CPreflight.h"
#include "proc/start/CRunningServer.h"
#include "proc/start/LoadConfig.h"
#include "proc/sys/ExitCode.h"
#include "proc/worker/CWorkerSet.h"

namespace switchboard {

namespace {

// How much later than its last deadline a master may be gone: workers were killed, the disk is slow.
constexpr std::chrono::milliseconds kPatience{5000};

int SignalOf(EOrder order) {
  switch (order) {
    case EOrder::kStop:
      return SIGTERM;
    case EOrder::kQuit:
      return SIGQUIT;
    case EOrder::kReopen:
      return SIGUSR1;
    case EOrder::kReload:
      return SIGHUP;
    case EOrder::kUpgrade:
      return SIGUSR2;
  }
  return 0;
}

}  // namespace

int CControl::TestConfig() const {
  const SConfig config = LoadConfig(m_commandLine, m_schema);
  fmt::print("{}", CPreflight::Check(config, CPreflight::ThisMachine()).ToString());
  fmt::print("configuration {} is fine\n", ConfigName(m_commandLine));
  return kExitOk;
}

int CControl::PrintKeys() const {
  fmt::print("{}", m_schema.Help());
  return kExitOk;
}

int CControl::Signal() const {
  const int number = SignalOf(m_commandLine.order);
  const SConfig config = CConfig::Load(m_commandLine.configFile, m_commandLine.overrides, m_schema);
  const CRunningServer server(PidFileFromHere(config));
  server.Signal(number);
  const bool isAboutTheEnd = m_commandLine.order == EOrder::kStop || m_commandLine.order == EOrder::kQuit;
  if (!isAboutTheEnd) return kExitOk;
  const auto timeout = config.server.shutdown_timeout + CWorkerSet::kKillGrace + kPatience;
  if (server.WaitForEnd(timeout)) return kExitOk;
  throw std::runtime_error(fmt::format("process {} still runs after {} ms", server.Pid(), timeout.count()));
}

int CControl::PrintStatus() const {
  const SConfig config = CConfig::Load(m_commandLine.configFile, m_commandLine.overrides, m_schema);
  const CRunningServer server(PidFileFromHere(config));
  const auto p_scoreboard = CScoreboard::OpenExisting(ScoreboardFile(PidFileFromHere(config)));
  if (p_scoreboard == nullptr) throw std::runtime_error("the running server is of another version");
  fmt::print("master={}\n", server.Pid());
  for (uint32_t i = 0; i < p_scoreboard->Pages(); ++i) {
    const SWorkerPage& page = p_scoreboard->Page(i);
    const pid_t pid = page.pid.load(std::memory_order_relaxed);
    if (pid != 0) fmt::print("worker_{}={}\n", page.slot.load(std::memory_order_relaxed), pid);
  }
  fmt::print("{}\n", FormatTotals(*p_scoreboard, "\n"));
  return kExitOk;
}

}  // namespace switchboard
