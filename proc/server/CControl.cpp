#include "proc/server/CControl.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "misc/ProgramName.h"
#include "misc/file/CFd.h"
#include "net/wire/Counters.h"
#include "proc/health/Totals.h"
#include "proc/start/CPreflight.h"
#include "proc/start/CRunFiles.h"
#include "proc/start/LoadConfig.h"
#include "proc/start/StartProblems.h"
#include "proc/sys/CWaiter.h"
#include "proc/sys/ExitCode.h"
#include "proc/worker/CWorkerSet.h"

namespace switchboard {

namespace {

// How much later than its last deadline a master may be gone: workers were killed, the disk is slow.
constexpr std::chrono::milliseconds kPatience{5000};
enum : uint64_t { kServerKey, kScoreboardKey };

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

// Readable whenever the master announces something. Throws std::system_error.
CFd Watch(const std::string& scoreboard) {
  CFd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.IsValid() || inotify_add_watch(watch.Get(), scoreboard.c_str(), IN_ATTRIB) < 0) {
    throw std::system_error(errno, std::generic_category(), scoreboard);
  }
  return watch;
}

std::string OwnProgram() {
  std::string name;
  std::getline(std::ifstream("/proc/self/comm"), name);
  return name;
}

// Not when it is another program's. Under a unit with ProtectProc=invisible and PrivateUsers=yes, the processes of the
// service are hidden from each other: then the pid file alone tells.
bool MayBeOurs(const CRunningServer& server) {
  const std::string program = server.Program();
  return program.empty() || program == OwnProgram();
}

// The configured time for a stop, or the longest that can be configured.
std::chrono::milliseconds ShutdownTimeout(const SCommandLine& commandLine, const CConfigSchema& schema) {
  try {
    return CConfig::Load(commandLine.configFile, commandLine.overrides, schema).server.shutdown_timeout;
  } catch (const CConfigError&) {
    return std::chrono::hours(24);
  }
}

std::string Describe(const SWorkerPage& page) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(CClock().Now().time_since_epoch()).count();
  return fmt::format("worker_{}={} process={} generation={} state={} uptime_s={}", page.slot.load(), page.pid.load(),
                     page.process.load(), page.generation.load(), ToString(page.state.load()),
                     now - page.startedAt.load());
}

}  // namespace

int CControl::TestConfig() const {
  const SConfig config = LoadConfig(m_commandLine, m_schema);
  const SStartProblems problems = FindStartProblems(config, m_commandLine.directory);
  if (!problems.fatal.empty()) throw CConfigError(ConfigName(m_commandLine) + ": " + problems.fatal.front());
  fmt::print("{}", CPreflight::Check(config, CPreflight::ThisMachine()).ToString());
  for (const std::string& doubt : problems.doubtful) fmt::print("doubtful: {}\n", doubt);
  for (const std::string& remark : problems.remarks) fmt::print("note: {}\n", remark);
  fmt::print("configuration {} is fine\n", ConfigName(m_commandLine));
  return kExitOk;
}

int CControl::PrintKeys() const {
  fmt::print("{}", m_schema.Help());
  return kExitOk;
}

std::string CControl::PidFile() const {
  try {
    return PidFileFromHere(CConfig::Load(m_commandLine.configFile, m_commandLine.overrides, m_schema));
  } catch (const CConfigError&) {
    if (const std::optional<std::string> file = PidFileInspiteOfErrors(m_commandLine)) return *file;
    throw;
  }
}

CRunningServer CControl::FindServer() const {
  const std::string pidFile = PidFile();
  CRunningServer server(pidFile);
  if (MayBeOurs(server)) return server;
  throw std::runtime_error(fmt::format("no running server found: process {}, which holds {}, is \"{}\"", server.Pid(),
                                       pidFile, server.Program()));
}

int CControl::Signal() const {
  const int number = SignalOf(m_commandLine.order);
  const CRunningServer server = FindServer();
  switch (m_commandLine.isNoWait ? EOrder::kReopen : m_commandLine.order) {
    case EOrder::kReopen:
      server.Signal(number);
      return kExitOk;
    case EOrder::kStop:
    case EOrder::kQuit:
      if (m_commandLine.isForAll) StopOlderBinary(number);
      server.Signal(number);
      return AwaitEnd(server, ShutdownTimeout(m_commandLine, m_schema) + CWorkerSet::kKillGrace + kPatience);
    case EOrder::kReload:
    case EOrder::kUpgrade:
      return AwaitOutcome(server, number);
  }
  return kExitFailed;
}

// The older one first: when the newer ends before it, it serves again.
void CControl::StopOlderBinary(int number) const {
  const std::string aside = CRunFiles::AsideName(PidFile());
  std::optional<CRunningServer> older;
  try {
    older.emplace(aside);
  } catch (const std::runtime_error&) {
    return;  // there is none
  }
  if (!MayBeOurs(*older)) return;
  older->Signal(number);
  AwaitEnd(*older, ShutdownTimeout(m_commandLine, m_schema) + CWorkerSet::kKillGrace + kPatience);
}

int CControl::AwaitEnd(const CRunningServer& server, std::chrono::milliseconds patience) const {
  if (server.WaitForEnd(patience)) return kExitOk;
  throw std::runtime_error(fmt::format("process {} still runs after {} ms", server.Pid(), patience.count()));
}

int CControl::AwaitOutcome(const CRunningServer& server, int signal) const {
  const std::string file = ScoreboardFile(PidFile());
  const CFd watch = Watch(file);
  const auto p_scoreboard = CScoreboard::OpenExisting(file);
  if (p_scoreboard == nullptr) throw std::runtime_error("the running server is of another version: use --no-wait");
  const COutcomes& outcomes = signal == SIGHUP ? p_scoreboard->Reloads() : p_scoreboard->Upgrades();
  const uint32_t before = outcomes.Begun();
  CWaiter waiter;
  waiter.Add(server.Fd(), kServerKey);
  waiter.Add(watch.Get(), kScoreboardKey);
  server.Signal(signal);
  while (true) {
    if (const std::optional<COutcomes::SOutcome> outcome = outcomes.After(before)) {
      if (!outcome->isDone) throw std::runtime_error(outcome->text);
      fmt::print("{}\n", outcome->text);
      return kExitOk;
    }
    for (const uint64_t key : waiter.Wait()) {
      if (key == kServerKey) throw std::runtime_error(fmt::format("process {} has ended", server.Pid()));
      std::array<char, 4096> events;
      [[maybe_unused]] const ssize_t bytes = read(watch.Get(), events.data(), events.size());
    }
  }
}

int CControl::PrintStatus() const {
  const CRunningServer server = FindServer();
  const auto p_scoreboard = CScoreboard::OpenExisting(ScoreboardFile(PidFile()));
  if (p_scoreboard == nullptr) throw std::runtime_error("the running server is of another version");
  fmt::print("master={}\n", server.Pid());
  for (uint32_t i = 0; i < p_scoreboard->Pages(); ++i) {
    const SWorkerPage& page = p_scoreboard->Page(i);
    if (page.pid.load(std::memory_order_relaxed) != 0) fmt::print("{}\n", Describe(page));
  }
  fmt::print("{}\n", FormatTotals(*p_scoreboard, "\n"));
  return kExitOk;
}

}  // namespace switchboard
