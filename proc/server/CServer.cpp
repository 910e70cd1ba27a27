#include "proc/server/CServer.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "misc/CLog.h"
#include "misc/ProgramName.h"
#include "net/wire/Counters.h"
#include "proc/health/CLastWords.h"
#include "proc/health/Totals.h"
#include "proc/master/CMaster.h"
#include "proc/sandbox/CSandbox.h"
#include "proc/server/CSingleProcess.h"
#include "proc/start/CActivation.h"
#include "proc/start/CPreflight.h"
#include "proc/start/CRunFiles.h"
#include "proc/start/LoadConfig.h"
#include "proc/start/Version.h"
#include "proc/sys/CAddressInUse.h"
#include "proc/sys/CPrivileges.h"
#include "proc/sys/CSignals.h"
#include "proc/sys/CSocketAddress.h"
#include "proc/sys/CWaiter.h"
#include "proc/sys/ExitCode.h"
#include "proc/worker/CListenerStore.h"
#include "proc/worker/CProcessNumbers.h"
#include "proc/worker/CWorker.h"

namespace switchboard {

namespace {

// When a master is killed, its workers notice at once and close their listeners, which takes them some milliseconds, or
// more on a busy machine. Who starts the next server at once need not see that.
constexpr std::chrono::seconds kOrphansPatience{5};
constexpr std::chrono::milliseconds kOrphansInterval{20};

// So many pages that a reload finds room for its workers beside the old ones.
uint32_t PagesFor(const SServerConfig& config) {
  const uint32_t workers = config.dynamic_workers ? config.dynamic_workers->max : config.workers;
  return 2 * workers + 2;
}

// The soft limit of descriptors is low for the sake of select(2), which nobody here calls. The master needs
// some as well: it keeps each listening socket of each worker.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void LogDoubts(const SConfig& config, CLog& log) {
  for (const std::string& doubt : CPreflight::Check(config, CPreflight::ThisMachine()).doubtful) {
    log.Warn("doubtful: {}", doubt);
  }
}

// For the terminal that a daemon leaves.
std::string Greeting(const SConfig& config, CListenerStore& listeners) {
  std::string text = fmt::format("process {} serves", getpid());
  std::string_view before = " on ";
  for (const uint32_t listener : listeners.Reserve(config.listeners)) {
    text += fmt::format("{}{}", std::exchange(before, ", "), listeners.Address(listener));
  }
  return text + (config.log.IsOnStderr() ? "; a daemon has no standard error: set log.file to get a log" : "");
}

void LogEnd(const CScoreboard& scoreboard, CLog& log) {
  log.Info("totals: {}", FormatTotals(scoreboard, " "));
  log.Info("stopped");
}

}  // namespace

int CServer::Run() {
  try {
    CInheritance inheritance;
    m_daemon.Inherit(inheritance.TakeVerdict());
    const SConfig config = LoadConfig(m_commandLine, m_schema);
    std::filesystem::current_path(config.server.working_directory);
    CActivation activation;
    if (IsDaemon(config) && !m_daemon.IsInherited()) m_daemon.Detach();
    return Serve(config, activation, inheritance);
  } catch (const std::exception& error) {
    m_daemon.Fail(error.what());
    return kExitFailed;
  }
}

int CServer::Serve(const SConfig& config, CActivation& activation, CInheritance& inheritance) {
  RaiseDescriptorLimit();
  m_title.Set((m_commandLine.isSingleProcess ? "single process " : "master process ") + ConfigName(m_commandLine));
  auto p_signals = std::make_unique<CSignals>();
  const CPrivileges privileges(config.server.user);
  CRunFiles files(config.server.pid_file, m_daemon.IsInherited());
  CLog log(config.log.file, config.log.level);
  const CLastWords lastWords(log);
  if (!config.log.IsOnStderr()) privileges.GiveFile(config.log.file);
  CListenerStore listeners;
  listeners.Inherit(inheritance.Listeners());
  Adopt(config, activation, listeners);
  if (files.FollowsACrash()) AwaitAddresses(config, listeners, *p_signals, log);
  Reserve(config, listeners);
  CProcessNumbers numbers(inheritance.TakeNumbers());
  CScoreboard scoreboard(files.Scoreboard(), PagesFor(config.server));

  if (m_commandLine.isSingleProcess) {
    p_signals.reset();
    LogStart(config, log);
    const int exitCode = CSingleProcess({config, log, m_clock, privileges, listeners, scoreboard, numbers, m_factory,
                                         m_schema.Sandbox()})
                             .Run();
    LogEnd(scoreboard, log);
    return exitCode;
  }
  const WorkerMain workerMain = [&](const SWorkerLaunch& launch, CChannel channel) {
    files.Forget();
    scoreboard.KeepOnly(launch.page);
    launch.p_hub->board.KeepOnly(launch.page);
    m_daemon.Forget();
    m_title.Set("worker process " + std::to_string(launch.slot));
    const SWorkerDeps deps{
        log,       m_clock,           privileges, listeners, scoreboard.Page(launch.page), scoreboard.Quarantine(),
        m_factory, m_schema.Sandbox()};
    return CWorker(deps, launch, std::move(channel)).Run();
  };
  const auto loadConfig = [this, &log] {
    SConfig fresh = LoadConfig(m_commandLine, m_schema);
    LogDoubts(fresh, log);
    return fresh;
  };
  CMaster master(
      {config, log, m_clock, privileges, listeners, scoreboard, numbers, files, m_program, loadConfig, workerMain},
      std::move(p_signals));
  Start(master, config, log);
  for (const uint32_t listener : listeners.Reserve(config.listeners)) {
    log.Info("listening on {}", listeners.Address(listener));
  }
  m_daemon.Ready(IsDaemon(config) ? Greeting(config, listeners) : "");

  int exitCode = kExitFailed;
  try {
    exitCode = master.Run();
  } catch (const std::exception& error) {
    log.Alert("the master cannot go on: {}", error.what());
  }
  LogEnd(scoreboard, log);
  return exitCode;
}

void CServer::Adopt(const SConfig& config, CActivation& activation, CListenerStore& listeners) {
  for (const SListenerConfig& listener : config.listeners) {
    CFd fd = activation.Take(CSocketAddress(listener.address, listener.port).ToString());
    if (fd.IsValid()) listeners.AddActivated(listener, std::move(fd));
  }
  for (const std::string& address : activation.Addresses()) {
    throw std::runtime_error("LISTEN_FDS: the socket on " + address + " belongs to no [[listener]]");
  }
}

// Nobody tells when an address gets free, so that it must be looked at again and again.
void CServer::AwaitAddresses(const SConfig& config, CListenerStore& listeners, const CSignals& signals,
                             CLog& log) const {
  CWaiter waiter;
  waiter.Add(signals.Fd(), 0);
  const MonotonicTime deadline = m_clock.Now() + kOrphansPatience;
  bool isTold = false;
  do {
    try {
      listeners.Reserve(config.listeners);
      return;
    } catch (const CAddressInUse& error) {
      if (!std::exchange(isTold, true)) log.Warn("{}; workers of a killed server may still leave it", error.what());
    }
  } while (m_clock.Now() < deadline && waiter.Wait(m_clock.Now() + kOrphansInterval).empty());
}

void CServer::Reserve(const SConfig& config, CListenerStore& listeners) {
  const std::vector<uint32_t> used = listeners.Reserve(config.listeners);
  // What an old binary listened on, and this one doesn't.
  listeners.Retain({used.begin(), used.end()});
}

void CServer::LogStart(const SConfig& config, CLog& log) const {
  LogDoubts(config, log);
  log.Info("{} {} starts with {}", ProgramName(), kVersion, ConfigName(m_commandLine));
  if (!m_commandLine.isSingleProcess) log.Info("{}", CSandbox::Describe(config.server.sandbox));
}

void CServer::Start(CMaster& master, const SConfig& config, CLog& log) const {
  LogStart(config, log);
  try {
    master.Start();
  } catch (const std::exception& error) {
    if (!config.log.IsOnStderr()) log.Error("the start failed: {}", error.what());
    throw;
  }
}

}  // namespace switchboard
