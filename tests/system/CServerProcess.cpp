#include "tests/system/CServerProcess.h"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/system/Processes.h"

namespace switchboard {

namespace fs = std::filesystem;

namespace {

constexpr const char* kConfigFile = "switchboard.toml";
constexpr const char* kPidFile = "switchboard.pid";
constexpr const char* kScoreboardFile = "switchboard.pid.scoreboard";
constexpr const char* kLogFile = "switchboard.log";

std::vector<std::string> ArgumentsOf(const SServerOptions& options) {
  std::vector<std::string> arguments{"-c", kConfigFile};
  if (options.isDaemon) {
    arguments.insert(arguments.end(), {"--set", "server.daemon=true"});
  } else {
    arguments.emplace_back("-f");
  }
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  for (const std::string& setting : options.overrides) arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

}  // namespace

fs::path CServerProcess::WriteConfig(const fs::path& folder) {
  std::ofstream(folder / kConfigFile) << "[server]\n"
                                         "daemon = false\n"
                                         "pid_file = \""
                                      << kPidFile << "\"\nworking_directory = \"" << folder.string()
                                      << "\"\n"
                                         "[[listener]]\n"
                                         "address = \"127.0.0.1\"\n"
                                         "port = 0\n"
                                         "[pool]\n"
                                         "connections = 64\n"
                                         "[recycle]\n"
                                         "delay_ms = 20\n"
                                         "[log]\n"
                                         "file = \""
                                      << kLogFile << "\"\n";
  return folder / kConfigFile;
}

CServerProcess::CServerProcess(fs::path folder, const SServerOptions& options)
    : m_folder(std::move(folder)), m_isDaemon(options.isDaemon) {
  WriteConfig(m_folder);
  if (fs::exists(m_folder / kLogFile)) m_logStart = fs::file_size(m_folder / kLogFile);
  m_p_program = std::make_unique<CProgram>(
      options.program, ArgumentsOf(options),
      SProgramOptions{m_folder, options.descriptors, false, options.hasLandlock, options.activated, options.p_disk});
  // A daemon has started when the program that started it ends.
  if (m_isDaemon) m_p_program->Wait();
  Eventually([&] { return ReadPorts(options.listeners) || m_p_program->HasEnded(); });
  // Looks once more, at what it logged before it ended.
  if (!ReadPorts(options.listeners)) {
    throw std::runtime_error("the server doesn't listen:\n" + m_p_program->Errors() + Log());
  }
  m_masterPid = m_isDaemon ? std::stoi("0" + ReadFile(m_folder / kPidFile)) : m_p_program->Pid();
  m_p_scoreboard = CScoreboard::OpenExisting((m_folder / kScoreboardFile).string());
  if (m_p_scoreboard == nullptr) throw std::runtime_error("the server has no scoreboard");
}

bool CServerProcess::ReadPorts(size_t listeners) {
  const std::vector<std::string> lines = LogLines(" listening on ");
  if (lines.size() < listeners) return false;
  m_ports.clear();
  for (const std::string& line : lines) {
    m_ports.push_back(static_cast<uint16_t>(std::stoi(line.substr(line.rfind(':') + 1))));
  }
  return true;
}

pid_t CServerProcess::WorkerPid(uint32_t slot) const {
  const std::string title = "switchboard: worker process " + std::to_string(slot);
  const std::vector<pid_t> children = ChildrenOf(m_masterPid);
  const auto found =
      std::find_if(children.rbegin(), children.rend(), [&](pid_t pid) { return CommandLineOf(pid) == title; });
  return found == children.rend() ? 0 : *found;
}

bool CServerProcess::WaitForNewWorker(uint32_t slot, pid_t before) const {
  return Eventually([&] {
    const pid_t pid = WorkerPid(slot);
    if (pid == 0 || pid == before) return false;
    return CountInLog("worker process " + std::to_string(slot) + " (" + std::to_string(pid) + ") is ready") > 0;
  });
}

bool CServerProcess::WaitForHandlers(size_t running) const {
  return Eventually([&] {
    size_t found = 0;
    const CScoreboard& scoreboard = *m_p_scoreboard;
    for (uint32_t page = 0; page < scoreboard.Pages(); ++page) {
      for (const SThreadTrace& trace : scoreboard.Page(page).workTrace) found += trace.packetBytes.load() > 0 ? 1 : 0;
    }
    return found >= running;
  });
}

std::string CServerProcess::Log() const {
  const std::string all = ReadFile(m_folder / kLogFile);
  return all.size() < m_logStart ? all : all.substr(m_logStart);
}

size_t CServerProcess::CountInLog(const std::string& text) const { return LogLines(text).size(); }

std::vector<std::string> CServerProcess::LogLines(const std::string& text) const {
  std::istringstream log(Log());
  std::vector<std::string> found;
  for (std::string line; std::getline(log, line);) {
    // The last line may still be on its way.
    if (!log.eof() && line.find(text) != std::string::npos) found.push_back(line);
  }
  return found;
}

void CServerProcess::Signal(int number) const { kill(m_masterPid, number); }

std::optional<int> CServerProcess::WaitForEnd() {
  if (m_exitCode) return m_exitCode;
  if (!m_isDaemon) {
    m_exitCode = m_p_program->Wait();
  } else if (Eventually([this] { return ProcessesIn(m_folder).empty(); })) {
    m_exitCode = m_p_program->Wait();
  }
  return m_exitCode;
}

std::optional<int> CServerProcess::Stop() {
  if (!HasEnded()) Signal(SIGTERM);
  return WaitForEnd();
}

std::map<std::string, uint64_t> CServerProcess::Totals() const {
  std::map<std::string, uint64_t> totals;
  const std::vector<std::string> lines = LogLines(" totals: ");
  if (lines.empty()) return totals;
  std::istringstream words(lines.back().substr(lines.back().find(" totals: ") + 9));
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals != std::string::npos) totals[word.substr(0, equals)] = std::stoull(word.substr(equals + 1));
  }
  return totals;
}

uint64_t CServerProcess::Total(const std::string& name) const {
  const auto totals = Totals();
  const auto found = totals.find(name);
  return found == totals.end() ? 0 : found->second;
}

}  // namespace switchboard
