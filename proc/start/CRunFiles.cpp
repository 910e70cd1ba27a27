#include "proc/start/CRunFiles.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "proc/start/CRunningServer.h"
#include "proc/start/LoadConfig.h"

namespace switchboard {

namespace {

std::optional<pid_t> HolderOf(const std::string& pidFile) {
  try {
    return CRunningServer(pidFile).Pid();
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

// The name, if it is free for this binary.
const std::string& Unclaimed(const std::string& pidFile, bool isNextBinary) {
  const std::optional<pid_t> holder = isNextBinary ? std::nullopt : HolderOf(CRunFiles::AsideName(pidFile));
  if (!holder) return pidFile;
  throw std::runtime_error(
      fmt::format("already running: process {} has left the pid file {} to its next binary", *holder, pidFile));
}

}  // namespace

CRunFiles::CRunFiles(const std::string& pidFile, bool isNextBinary)
    : m_home(pidFile), m_path(pidFile), m_pidFile(Unclaimed(pidFile, isNextBinary)) {}

CRunFiles::~CRunFiles() {
  std::error_code ignored;
  if (m_isOurs && m_pidFile.IsInPlace()) std::filesystem::remove(Scoreboard(), ignored);
}

std::string CRunFiles::Scoreboard() const { return ScoreboardFile(m_path); }

void CRunFiles::MoveAside() {
  const std::string aside = AsideName(m_home);
  if (const std::optional<pid_t> holder = HolderOf(aside)) {
    throw std::runtime_error(fmt::format("process {} of an older binary still holds {}", *holder, aside));
  }
  MoveTo(aside);
}

void CRunFiles::MoveBack() { MoveTo(m_home); }

void CRunFiles::MoveTo(const std::string& pidFile) {
  const std::string before = m_path;
  if (pidFile == before) return;
  m_pidFile.MoveTo(pidFile);
  m_path = pidFile;
  // The pid file is what matters; without a scoreboard of that name there is no --status, and nothing else.
  std::error_code ignored;
  std::filesystem::rename(ScoreboardFile(before), ScoreboardFile(pidFile), ignored);
}

bool CRunFiles::HasOtherBinary() const { return m_path != m_home || HolderOf(AsideName(m_home)).has_value(); }

bool CRunFiles::IsHomeTaken() const { return HolderOf(m_home).has_value(); }

void CRunFiles::Forget() {
  m_isOurs = false;
  m_pidFile.Forget();
}

}  // namespace switchboard
