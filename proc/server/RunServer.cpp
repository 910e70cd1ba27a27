#include "proc/server/RunServer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "misc/ProgramName.h"
#include "proc/server/CControl.h"
#include "proc/server/CServer.h"
#include "proc/start/CCommandLine.h"
#include "proc/start/ServerSchema.h"
#include "proc/start/Version.h"
#include "proc/sys/CProcessTitle.h"
#include "proc/sys/ExitCode.h"
#include "proc/sys/SProgramStart.h"

namespace switchboard {

namespace {

// A caller may have closed some of them; what is opened next must not become somebody's standard error.
void FillStandardDescriptors() {
  int fd = 0;
  do {
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
}

int Perform(const SCommandLine& commandLine, const SProgramStart& program, const CProcessTitle& title,
            const CConfigSchema& schema, const LogicFactory& factory) {
  switch (commandLine.action) {
    case EAction::kRun:
      return CServer(commandLine, program, title, schema, factory).Run();
    case EAction::kTest:
      return CControl(commandLine, schema).TestConfig();
    case EAction::kSignal:
      return CControl(commandLine, schema).Signal();
    case EAction::kStatus:
      return CControl(commandLine, schema).PrintStatus();
    case EAction::kHelpConfig:
      return CControl(commandLine, schema).PrintKeys();
    case EAction::kVersion:
      fmt::print("{} {}\n", ProgramName(), kVersion);
      return kExitOk;
    case EAction::kHelp:
      fmt::print("{}", commandLine.help);
      return kExitOk;
  }
  return kExitUsage;
}

}  // namespace

int RunServer(int argc, char** argv, const LogicFactory& factory, const DescribeLogic& describe) {
  FillStandardDescriptors();
  ProgramName();
  try {
    const SProgramStart program = SProgramStart::Capture(argc, argv);
    const CProcessTitle title(argc, argv);
    const SCommandLine commandLine = CCommandLine::Parse(argc, argv);
    return Perform(commandLine, program, title, ServerSchema(describe), factory);
  } catch (const CUsageError& error) {
    fmt::print(stderr, "{}: {}\n", ProgramName(), error.what());
    return kExitUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", ProgramName(), error.what());
    return kExitFailed;
  }
}

}  // namespace switchboard
