#include "proc/start/CCommandLine.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>

#include "misc/ProgramName.h"

namespace switchboard {

namespace {

const std::map<std::string, EOrder>& Orders() {
  static const std::map<std::string, EOrder> orders{{"stop", EOrder::kStop},
                                                    {"quit", EOrder::kQuit},
                                                    {"reload", EOrder::kReload},
                                                    {"reopen", EOrder::kReopen},
                                                    {"upgrade", EOrder::kUpgrade}};
  return orders;
}

struct SRawOptions {
  bool isTest = false;
  bool isStatus = false;
  bool isVersion = false;
  bool isHelpConfig = false;
  std::string order;
};

void Declare(CLI::App& app, SCommandLine& line, SRawOptions& raw) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.add_option("-c,--config", line.configFile,
                 std::string("Configuration file; default: ") + CCommandLine::kDefaultConfigFile +
                     "\nin the current directory, and built-in values if there is none")
      ->type_name("FILE");
  app.add_flag("-f,--foreground", line.isForeground, "Stay in the foreground, whatever server.daemon says");
  app.add_flag("--single-process", line.isSingleProcess,
               "Master and worker in one process, in the foreground, for a\ndebugger: no reload, no upgrade, nobody "
               "replaces it");
  app.add_option("--set", line.overrides,
                 "Override a key of the configuration, such as\nbusiness.threads=2; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("-t,--test", raw.isTest, "Check the configuration and exit");
  app.add_option("-s,--signal", raw.order,
                 "Tell the running server: stop (at once), quit (after all\nis answered), reload, reopen (the log), "
                 "upgrade;\nall but reopen wait, and tell how it went")
      ->type_name("ORDER");
  app.add_flag("--no-wait", line.isNoWait, "With -s: return at once");
  app.add_flag("--all", line.isForAll, "With -s stop or quit: both binaries of an upgrade");
  app.add_flag("--status", raw.isStatus, "Print the counters of the running server and exit");
  app.add_flag("--help-config", raw.isHelpConfig,
               "Print all sections and keys of the configuration,\nwith defaults and what is allowed, and exit");
  app.add_flag("-v,--version", raw.isVersion, "Print the version and exit");
}

EOrder ParseOrder(const std::string& word) {
  const auto found = Orders().find(word);
  if (found != Orders().end()) return found->second;
  throw CUsageError("-s " + word + ": unknown order; allowed are stop, quit, reload, reopen, upgrade");
}

}  // namespace

SCommandLine CCommandLine::Parse(int argc, const char* const* p_argv) {
  SCommandLine line;
  line.directory = std::filesystem::current_path().string();
  SRawOptions raw;
  CLI::App app("A communications server, built with Switchboard.", ProgramName());
  Declare(app, line, raw);
  try {
    app.parse(argc, p_argv);
  } catch (const CLI::CallForHelp&) {
    line.action = EAction::kHelp;
    line.help = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    throw CUsageError(std::string(error.what()) + "; try -h");
  }
  if (app.count("--signal") + app.count("--test") + app.count("--status") > 1) {
    throw CUsageError("-s, -t and --status exclude each other; try -h");
  }
  if (line.isNoWait && app.count("--signal") == 0) throw CUsageError("--no-wait is for -s; try -h");
  line.isForeground = line.isForeground || line.isSingleProcess;
  if (app.count("--signal") > 0) {
    line.action = EAction::kSignal;
    line.order = ParseOrder(raw.order);
  }
  const bool isEnd = line.action == EAction::kSignal && (line.order == EOrder::kStop || line.order == EOrder::kQuit);
  if (line.isForAll && (!isEnd || line.isNoWait))
    throw CUsageError("--all is for -s stop and quit, which wait; try -h");
  if (raw.isTest) line.action = EAction::kTest;
  if (raw.isStatus) line.action = EAction::kStatus;
  if (raw.isHelpConfig) line.action = EAction::kHelpConfig;
  if (raw.isVersion) line.action = EAction::kVersion;
  if (app.count("--config") == 0 && std::filesystem::exists(kDefaultConfigFile)) line.configFile = kDefaultConfigFile;
  return line;
}

}  // namespace switchboard
