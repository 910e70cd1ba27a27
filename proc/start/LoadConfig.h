#pragma once

#include <optional>
#include <string>

#include "misc/config/CConfigSchema.h"
#include "net/config/CConfig.h"
#include "proc/start/CCommandLine.h"

namespace switchboard {

// The configuration that the command line names, with its overrides; what this version can't do yet is refused, and
// what this machine can't do. Works from any directory: relative paths are relative to where the command was given.
// Throws std::runtime_error (CConfigError among others) with one line.
SConfig LoadConfig(const SCommandLine& commandLine, const CConfigSchema& schema);

// The configuration file as messages call it.
std::string ConfigName(const SCommandLine& commandLine);

// Relative to server.working_directory, as seen from where the command was given.
std::string PidFileFromHere(const SConfig& config);

// As PidFileFromHere, of a configuration that can't be used: as far as the lines of its file and the overrides tell.
// nullopt when the file can't be read.
std::optional<std::string> PidFileInspiteOfErrors(const SCommandLine& commandLine);

// The counters of the server whose pid file this is.
std::string ScoreboardFile(const std::string& pidFile);

}  // namespace switchboard
