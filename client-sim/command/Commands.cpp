#include "client-sim/command/Commands.h"

#include <fmt/format.h>

#include <cstddef>
#include <exception>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "client-sim/attack/AttackKind.h"
#include "client-sim/base/LocalFile.h"
#include "client-sim/base/Numbers.h"
#include "client-sim/base/Process.h"
#include "client-sim/base/Text.h"
#include "client-sim/command/TransferCommands.h"
#include "client-sim/load/CLoadRun.h"
#include "client-sim/options/COptions.h"
#include "client-sim/options/CommandLine.h"
#include "client-sim/record/CProxy.h"
#include "client-sim/record/CReplay.h"
#include "client-sim/report/CCompare.h"
#include "client-sim/report/CCsvReport.h"
#include "client-sim/report/CFailCondition.h"
#include "client-sim/report/CHtmlReport.h"
#include "client-sim/report/CJsonReport.h"
#include "client-sim/report/CLiveView.h"
#include "client-sim/report/CReport.h"

namespace switchboard::sim {
namespace {

double Speed(const std::string& text) {
  if (text == "max") return 0;
  const auto refuse = [&text] { throw std::invalid_argument(fmt::format("'{}' is no speed: a factor, or max", text)); };
  double speed = 0;
  size_t end = 0;
  try {
    speed = std::stod(text, &end);
  } catch (const std::logic_error&) {
    refuse();
  }
  if (end != text.size() || !(speed >= 0.001 && speed <= 1'000'000)) refuse();
  return speed;
}

std::set<uint16_t> Codes(const std::string& text) {
  std::set<uint16_t> codes;
  for (const std::string& entry : SplitAtCommas(text)) {
    const bool isNumber =
        !entry.empty() && entry.size() <= 5 && entry.find_first_not_of("0123456789") == std::string::npos;
    if (!isNumber || std::stoul(entry) > UINT16_MAX) {
      throw std::invalid_argument(fmt::format("'{}' is no message code from 0 to 65535", entry));
    }
    codes.insert(static_cast<uint16_t>(std::stoul(entry)));
  }
  return codes;
}

// Where a run's reports go; empty: nowhere.
struct SReportFiles {
  std::string json;
  std::string csv;
  std::string html;
  std::string label;

  void Declare(CLI::App& app) {
    app.add_option("--json", json, "Write the report as JSON")->type_name("FILE");
    app.add_option("--csv", csv, "Write a line for each second")->type_name("FILE");
    app.add_option("--html", html, "Write the report as a page")->type_name("FILE");
    app.add_option("--label", label, "What the reports call this run")->type_name("NAME");
  }
  // What can't be written is to be known before the run. Throws std::system_error.
  void Prepare() const {
    for (const std::string* p_path : {&json, &csv, &html}) {
      if (!p_path->empty()) CheckReplaceable(*p_path);
    }
  }
  void Write(const SRunResult& result) const {
    SRunReport report = SRunReport::Of(result);
    report.label = label;
    if (!json.empty()) ReplaceFile(json, CJsonReport::Text(report));
    if (!csv.empty()) ReplaceFile(csv, CCsvReport::Text(report));
    if (!html.empty()) ReplaceFile(html, CHtmlReport::Page(report));
  }
};

int Run(const SRunOptions& options, const SReportFiles& files) {
  files.Prepare();
  CLiveView view(SLiveOutput::Standard());
  CRunObserver silence;
  CLoadRun run(options, options.isQuiet ? silence : static_cast<CRunObserver&>(view));
  const SRunResult result = run.Execute();
  // The reports are there, and a signal ends the process again, before anybody has to read the table. It is told also
  // when they can't be written: there is nothing else left of the run then.
  const auto tell = [&result] {
    ReleaseSignals();
    if (!result.phases.empty()) Print(CReport::Table(result));
  };
  try {
    files.Write(result);
  } catch (const std::exception&) {
    tell();
    throw;
  }
  tell();
  if (result.exitCode != kExitOk) fmt::print(stderr, "client-sim: {}\n", result.verdict);
  return result.exitCode;
}

constexpr const char* kOverview =
    "Stress client for servers that speak the switchboard packet format.\n\n"
    "  client-sim [run] --connect HOST:PORT …   send load, check every reply, report\n"
    "  client-sim compare A.json B.json         put two runs side by side\n"
    "  client-sim proxy --listen … --connect … --record FILE\n"
    "                                           record the frames of live clients\n"
    "  client-sim replay FILE --connect …       play a record, and compare the replies\n"
    "  client-sim get PATH --connect HOST:PORT  get a file, checked, resumed\n"
    "  client-sim put FILE --connect …          put one\n"
    "  client-sim ls [PATH] --connect …         list a directory; also: hash PATH\n\n"
    "Each command has a --help of its own; all of it is on the man page, client-sim(1).\n";

}  // namespace

int Dispatch(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "--help";
  if (command == "run") return RunCommand(argc - 1, argv + 1);
  if (command == "compare") return CompareCommand(argc - 1, argv + 1);
  if (command == "proxy") return ProxyCommand(argc - 1, argv + 1);
  if (command == "replay") return ReplayCommand(argc - 1, argv + 1);
  if (command == "get") return GetCommand(argc - 1, argv + 1);
  if (command == "put") return PutCommand(argc - 1, argv + 1);
  if (command == "ls") return ListCommand(argc - 1, argv + 1);
  if (command == "hash") return HashCommand(argc - 1, argv + 1);
  if (command == "-h" || command == "--help") {
    Print(kOverview);
    return kExitOk;
  }
  if (command == "-v" || command == "--version") {
    Print("client-sim " SWITCHBOARD_VERSION "\n");
    return kExitOk;
  }
  if (!command.starts_with('-')) {
    throw std::invalid_argument(
        fmt::format("'{}' is no command: there are run, compare, proxy, replay, get, put, ls and hash", command));
  }
  return RunCommand(argc, argv);
}

int RunCommand(int argc, char** argv) {
  SRunOptions options;
  SReportFiles files;
  CLI::App app("Sends load, checks every reply byte for byte and in order, and reports.", "client-sim run");
  COptions::Declare(app, options);
  files.Declare(app);
  app.footer("TIME is seconds, or has a unit: 500ms, 10s, 2m, 1h. RATE is 500, 20k or 1.5M. KIND is one of\n" +
             SAttackKind::Names() +
             ".\n"
             "Exit codes: 0 every request was answered rightly, once, and in order; 1 one was not, or was rejected;\n"
             "2 bad arguments; "
             "3 could not connect; 4 objective missed; 5 the accounts for the logins could not be registered.");
  int exitCode = kExitOk;
  if (!Parse(app, argc, argv, exitCode)) return exitCode;
  COptions::Complete(app, options);
  return Run(options, files);
}

int CompareCommand(int argc, char** argv) {
  std::string before;
  std::string after;
  std::string html;
  CLI::App app("Puts two runs side by side: their figures, and what was asked for. Each was written with --json.",
               "client-sim compare");
  app.add_option("A.json", before, "The report of one run")->required()->type_name("");
  app.add_option("B.json", after, "The report of the other")->required()->type_name("");
  app.add_option("--html", html, "Draw both into one page")->type_name("FILE");
  std::vector<CFailCondition> conditions;
  AddRead(app, "--fail-if", conditions, CFailCondition::List, "Changes that fail: 'p99>+10%,throughput<-5%'",
          "CONDITION,…");
  app.footer(
      "Changes of up to 3 % are noise, and not called better or worse.\n"
      "Exit codes: 0 well; 2 bad arguments, or a file that is no report; 4 a condition of --fail-if holds.");
  int exitCode = kExitOk;
  if (!Parse(app, argc, argv, exitCode)) return exitCode;
  const SRunReport left = CJsonReport::ReadFile(before);
  const SRunReport right = CJsonReport::ReadFile(after);
  Print(CCompare::Text(left, right));
  if (!html.empty()) ReplaceFile(html, CHtmlReport::Comparison(left, right));
  const std::vector<SComparedRow> rows = CCompare::Rows(left, right);
  exitCode = kExitOk;
  for (const CFailCondition& condition : conditions) {
    const std::string failure = condition.Failure(rows);
    if (failure.empty()) continue;
    fmt::print(stderr, "client-sim: {}\n", failure);
    exitCode = kExitObjectiveMissed;
  }
  return exitCode;
}

int ProxyCommand(int argc, char** argv) {
  SProxyOptions options;
  CLI::App app("Stands between clients and a server, and records every frame of both with its time.",
               "client-sim proxy");
  app.add_option("--listen", options.listen, "Where clients connect; port 0: any free one")
      ->required()
      ->type_name("HOST:PORT");
  app.add_option("--connect", options.server, "The server")->required()->type_name("HOST:PORT");
  app.add_option("--record", options.file, "The record; replaced if it exists")->required()->type_name("FILE");
  AddRead(app, "--duration", options.duration, Duration, "End after this time (else: at SIGINT, SIGTERM or SIGHUP)",
          "TIME");
  app.add_flag("--quiet", options.isQuiet, "No table at the end");
  app.footer(
      "A record holds all that the clients sent, passwords included: only its owner may read it.\n"
      "Its format is in docs/RECORD-FORMAT.md. TIME is a number of seconds, or has a unit: 500ms, 10s, 2m, 1h.\n"
      "Exit codes: 0 well; 1 the file took no more; 2 bad arguments; 3 the server could not be reached.");
  int exitCode = kExitOk;
  return Parse(app, argc, argv, exitCode) ? CProxy(options).Execute() : exitCode;
}

int ReplayCommand(int argc, char** argv) {
  SReplayOptions options;
  CLI::App app("Plays a record against a server: each recorded connection's frames, with new CRCs.",
               "client-sim replay");
  app.add_option("FILE", options.file, "What the proxy, or a crash of the server, has recorded")
      ->required()
      ->type_name("");
  app.add_option("--connect", options.server, "The server")->required()->type_name("HOST:PORT");
  AddRead(app, "--speed", options.speed, Speed, "How much faster than recorded", "FACTOR|max")->default_str("1");
  app.add_flag("--diff", options.isDiff, "Replies that differ from the recorded ones fail the replay");
  AddRead(app, "--ignore", options.ignored, Codes, "Of replies with these message codes, don't compare the body",
          "CODE,…");
  AddRead(app, "--patience", options.patience, Duration, "Give up when nothing happens for so long", "TIME")
      ->default_str("5s");
  app.add_flag("--quiet", options.isQuiet, "Only the table at the end");
  app.footer(
      "At a speed, frames leave by the clock, whatever the server does. At max, a frame leaves as soon as its\n"
      "connection has the replies that it had in the record. GoAways are not compared.\n"
      "Exit codes: 0 well; 1 replies differ (with --diff), or not all frames could be sent; 2 bad arguments;\n"
      "3 could not connect.");
  int exitCode = kExitOk;
  return Parse(app, argc, argv, exitCode) ? CReplay(options).Execute() : exitCode;
}

}  // namespace switchboard::sim
