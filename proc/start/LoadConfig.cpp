#include "proc/start/LoadConfig.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <regex>

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

std::optional<std::string> PidFileInspiteOfErrors(const SCommandLine& commandLine) {
  SConfig config;
  const auto take = [&config](const std::string& key, const std::string& value) {
    if (key == "server.pid_file") config.server.pid_file = value;
    if (key == "server.working_directory") config.server.working_directory = value;
  };
  if (!commandLine.configFile.empty()) {
    std::ifstream file(commandLine.configFile);
    if (!file) return std::nullopt;
    static const std::regex header(R"(\s*\[+\s*([\w.-]+)\s*\]+.*)");
    static const std::regex entry(R"(\s*([\w-]+)\s*=\s*["']([^"']+)["'].*)");
    std::string section;
    for (std::string line; std::getline(file, line);) {
      std::smatch found;
      if (std::regex_match(line, found, header)) section = found[1];
      if (std::regex_match(line, found, entry)) take(fmt::format("{}.{}", section, found[1].str()), found[2]);
    }
  }
  for (const std::string& setting : commandLine.overrides) {
    take(setting.substr(0, setting.find('=')), setting.substr(setting.find('=') + 1));
  }
  return PidFileFromHere(config);
}

std::string ScoreboardFile(const std::string& pidFile) { return pidFile + ".scoreboard"; }

}  // namespace switchboard
