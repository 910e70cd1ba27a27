#include "proc/start/LoadConfig.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <system_error>

#include "proc/start/CPreflight.h"
#include "proc/start/CRunFiles.h"
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

// The server truncates, renames and removes the files it is found by: no other file may have their names. Throws.
void CheckNames(const SConfig& config, const std::filesystem::path& workingDirectory,
                const std::filesystem::path& configFile) {
  const auto whole = [&](const std::filesystem::path& file) {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::weakly_canonical(workingDirectory / file, error);
    return error ? (workingDirectory / file).lexically_normal() : path;
  };
  std::map<std::filesystem::path, std::string> taken;
  const std::string pidFile = config.server.pid_file;
  for (const std::string& name : {pidFile, CRunFiles::AsideName(pidFile)}) {
    for (const std::string& file : {name, ScoreboardFile(name)}) taken.emplace(whole(file), "server.pid_file");
  }
  if (!configFile.empty() && !taken.emplace(whole(configFile), "the configuration").second) {
    throw CConfigError(fmt::format("server.pid_file: {} is the configuration", config.server.pid_file));
  }
  const auto check = [&](const std::string& key, const std::string& file) {
    const auto found = taken.find(whole(file));
    if (found != taken.end()) throw CConfigError(fmt::format("{}: {} belongs to {}", key, file, found->second));
  };
  if (!config.log.IsOnStderr()) check("log.file", config.log.file);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const std::string& file = config.listeners[i].http.access_log;
    if (!file.empty()) check(fmt::format("listener.{}.access_log", i), file);
  }
}

// As it was given, if that still leads to it.
std::string ConfigFileFromHere(const SCommandLine& commandLine) {
  const std::filesystem::path file = commandLine.configFile;
  if (file.empty() || std::filesystem::current_path() == commandLine.directory) return file.string();
  return (std::filesystem::path(commandLine.directory) / file).string();
}

// As an absolute path; empty when there is none.
std::filesystem::path FromThere(const SCommandLine& commandLine) {
  if (commandLine.configFile.empty()) return {};
  return std::filesystem::path(commandLine.directory) / commandLine.configFile;
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
    CheckNames(config, workingDirectory, FromThere(commandLine));
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
