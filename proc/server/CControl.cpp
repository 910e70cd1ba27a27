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
#include <utility>

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

bool IsRunning(const std::string& pidFile) {
  try {
    return CRunningServer(pidFile).Pid() > 0;
  } catch (const std::runtime_error&) {
    return false;
  }
}

// What is stopped itself takes orders when it goes on, which nobody should wait for.
void RequireAwake(const CRunningServer& server) {
  if (!server.IsStopped()) return;
  throw std::runtime_error(
      fmt::format("process {} is stopped by a signal, and takes no orders: kill -CONT {} lets it go on", server.Pid(),
                  server.Pid()));
}

// Throws std::runtime_error with one line.
std::unique_ptr<CScoreboard> OpenScoreboard(const std::string& file, const char* p_advice) {
  if (auto p_scoreboard = CScoreboard::OpenExisting(file)) return p_scoreboard;
  const char* const p_why = access(file.c_str(), F_OK) == 0 ? "is of another version, or spoilt" : "is gone";
  throw std::runtime_error(fmt::format("a server runs, but its scoreboard {} {}{}", file, p_why, p_advice));
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

std::optional<CControl::SFound> CControl::FindOlder() const {
  std::string aside = CRunFiles::AsideName(PidFile());
  try {
    CRunningServer server(aside);
    if (MayBeOurs(server)) return SFound{std::move(server), std::move(aside)};
  } catch (const std::runtime_error&) {
    // There is none.
  }
  return std::nullopt;
}

CControl::SFound CControl::FindServer() const {
  const std::string pidFile = PidFile();
  try {
    CRunningServer server(pidFile);
    if (MayBeOurs(server)) return {std::move(server), pidFile};
    throw std::runtime_error(fmt::format("no running server found: process {}, which holds {}, is \"{}\"", server.Pid(),
                                         pidFile, server.Program()));
  } catch (const std::runtime_error&) {
    if (std::optional<SFound> older = FindOlder()) return *std::move(older);
    throw;
  }
}

int CControl::Signal() const {
  const int number = SignalOf(m_commandLine.order);
  if (m_commandLine.isForAll && StopOlderBinary(number) && !IsRunning(PidFile())) return kExitOk;
  const SFound found = FindServer();
  if (m_commandLine.isNoWait || m_commandLine.order == EOrder::kReopen) {
    found.server.Signal(number);
    return kExitOk;
  }
  RequireAwake(found.server);
  if (m_commandLine.order == EOrder::kReload || m_commandLine.order == EOrder::kUpgrade) {
    return AwaitOutcome(found, number);
  }
  found.server.Signal(number);
  return AwaitEnd(found.server, ShutdownTimeout(m_commandLine, m_schema) + CWorkerSet::kKillGrace + kPatience);
}

// The older one first: when the newer ends before it, it serves again.
bool CControl::StopOlderBinary(int number) const {
  const std::optional<SFound> older = FindOlder();
  if (!older) return false;
  RequireAwake(older->server);
  older->server.Signal(number);
  AwaitEnd(older->server, ShutdownTimeout(m_commandLine, m_schema) + CWorkerSet::kKillGrace + kPatience);
  return true;
}

int CControl::AwaitEnd(const CRunningServer& server, std::chrono::milliseconds patience) const {
  if (server.WaitForEnd(patience)) return kExitOk;
  throw std::runtime_error(fmt::format("process {} still runs after {} ms", server.Pid(), patience.count()));
}

int CControl::AwaitOutcome(const SFound& found, int signal) const {
  const CRunningServer& server = found.server;
  const std::string file = ScoreboardFile(found.pidFile);
  const auto p_scoreboard = OpenScoreboard(file, "; --no-wait tells it without");
  const CFd watch = Watch(file);
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
  const SFound found = FindServer();
  const auto p_scoreboard = OpenScoreboard(ScoreboardFile(found.pidFile), "");
  fmt::print("master={}{}\n", found.server.Pid(), found.server.IsStopped() ? " state=stopped" : "");
  if (const std::optional<SFound> older = FindOlder()) {
    const bool isItself = older->server.Pid() == found.server.Pid();
    if (isItself) fmt::print("upgrade=starting\n");
    if (!isItself) fmt::print("older_master={} pid_file={}\n", older->server.Pid(), older->pidFile);
  }
  for (uint32_t i = 0; i < p_scoreboard->Pages(); ++i) {
    const SWorkerPage& page = p_scoreboard->Page(i);
    if (page.pid.load(std::memory_order_relaxed) != 0) fmt::print("{}\n", Describe(page));
  }
  fmt::print("{}\n", FormatTotals(*p_scoreboard, "\n"));
  return kExitOk;
}

}  // namespace switchboard
