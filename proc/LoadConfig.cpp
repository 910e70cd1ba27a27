#include "proc/LoadConfig.h"

#include <fmt/format.h>

#include <filesystem>

#include "proc/CPreflight.h"
#include "proc/CPrivileges.h"
#include "proc/CSocketAddress.h"

namespace switchboard {

namespace {

void CheckListener(const SListenerConfig& listener, size_t index) {
  try {
    CSocketAddress(listener.address, listener.port);
  } catch (const std::runtime_error& error) {
    throw CConfigError(fmt::format("listener.{}.address: {}", index, error.what()));
  }
  if (listener.protocol != EListenerProtocol::kPacket) {
    throw CConfigError(fmt::format("listener.{}.protocol: this version serves \"packet\" only", index));
  }
  if (listener.accept != EAcceptMode::kReusePort) {
    throw CConfigError(fmt::format("listener.{}.accept: this version knows \"reuseport\" only", index));
  }
}

// As it was given, if that still leads to it.
std::string ConfigFileFromHere(const SCommandLine& commandLine) {
  const std::filesystem::path file = commandLine.configFile;
  if (file.empty() || std::filesystem::current_path() == commandLine.directory) return file.string();
  return (std::filesystem::path(commandLine.directory) / file).string();
}

}  // namespace

SConfig LoadConfig(const SCommandLine& commandLine) {
  SConfig config = CConfig::Load(ConfigFileFromHere(commandLine), commandLine.overrides);
  try {
    for (size_t i = 0; i < config.listeners.size(); ++i) CheckListener(config.listeners[i], i);
    if (!std::filesystem::is_directory(std::filesystem::path(commandLine.directory) /
                                       config.server.working_directory)) {
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
