#include "proc/start/LoadConfig.h"

#include <fmt/format.h>

#include <filesystem>

#include "proc/start/CPreflight.h"
#include "proc/sys/CPrivileges.h"
#include "proc/sys/CSocketAddress.h"

namespace switchboard {

namespace {

void CheckListener(const SListenerConfig& listener, size_t index, const std::filesystem::path& workingDirectory) {
  try {
    CSocketAddress(listener.address, listener.port);
  } catch (const std::runtime_error& error) {
    throw CConfigError(fmt::format("listener.{}.address: {}", index, error.what()));
  }
  if (!listener.root.empty() && !std::filesystem::is_directory(workingDirectory / listener.root)) {
    throw CConfigError(fmt::format("listener.{}.root: {} is not a directory", index, listener.root));
  }
}

// As it was given, if that still leads to it.
std::string ConfigFileFromHere(const SCommandLine& commandLine) {
  const std::filesystem::path file = commandLine.configFile;
  if (file.empty() || std::filesystem::current_path() == commandLine.directory) return file.string();
  return (std::filesystem::path(commandLine.directory) / file).string();
}

}  // namespace

SConfig LoadConfig(const SCommandLine& commandLine, const CConfigSchema& schema) {
  SConfig config = CConfig::Load(ConfigFileFromHere(commandLine), commandLine.overrides, schema);
  try {
    const std::filesystem::path workingDirectory =
        std::filesystem::path(commandLine.directory) / config.server.working_directory;
    for (size_t i = 0; i < config.listeners.size(); ++i) CheckListener(config.listeners[i], i, workingDirectory);
    if (!std::filesystem::is_directory(workingDirectory)) {
      throw CConfigError(
          fmt::format("server.working_directory: {} is not a directory", config.server.working_directory));
    }
    CPrivileges privileges(config.server.user);
    const SPreflight preflight = CPreflight::Check(config, CPreflight::ThisMachine());
    if (!preflight.impossible.empty()) throw CConfigError(preflight.impossible.front());
  } catch (const std::runtime_error& error) {
    throw CConfigError(fmt::format("{}: {}", ConfigName(commandLine), error.what()));
  }
  return config;
}

std::string ConfigName(const SCommandLine& commandLine) {
  return commandLine.configFile.empty() ? "(built-in defaults)" : commandLine.configFile;
}

std::string PidFileFromHere(const SConfig& config) {
  return (std::filesystem::path(config.server.working_directory) / config.server.pid_file).lexically_normal().string();
}

std::string ScoreboardFile(const std::string& pidFile) { return pidFile + ".scoreboard"; }

}  // namespace switchboard
