#pragma once

#include "logic/CLogic.h"
#include "misc/config/CConfigSchema.h"

namespace switchboard {

// The main() of a server: reads the command line, then serves with the logic that `factory` builds,
// or does what else the command line asks for: -t checks the configuration, -s gives the running
// server an order, --status prints its counters, --help-config lists all keys, and -h all options.
//
// Call it first thing in main(), while there is one thread: it forks (but for --single-process),
// blocks the signals that it handles, and opens /dev/null where one of the descriptors 0, 1 and 2
// is closed.
// The server runs until it is told to end, by -s or by a signal: SIGQUIT answers all that was
// asked, SIGTERM and SIGINT don't (with a process pool SIGINT does). SIGHUP reloads the
// configuration, SIGUSR2 upgrades the binary, SIGUSR1 reopens the logs.
// `factory` is called in each worker process, by its main thread, after it has given up its
// privileges and entered the sandbox: so what it opens is opened with the rights of the worker.
// Throwing there ends the worker, as throwing in CModule::OnWorkerStart does.
// `describe` declares the sections of the configuration that are the logic's own, which reads them
// with Config<T>(). It is called once, in the process that was started, before anything is read,
// and for every command.
//
//   return RunServer(
//       argc, argv, [] { return std::make_unique<CGameLogic>(kBoards); }, &CGameLogic::Describe);
//
// Returns the exit code of the process: 0; 1 when the start or the command failed, and standard
// error or the log says why; 2 for a command line that can't be understood. A worker process
// doesn't return from it, but ends inside, by exit(3): destructors of main()'s own locals run in
// the master alone.
int RunServer(int argc, char** argv, const std::function<std::unique_ptr<CLogic>()>& factory,
              const std::function<void(CConfigSchema&)>& describe = {});

// The same for a Logic with a constructor that takes no arguments. Its sections are declared by
// Logic::Describe, which it inherits or hides; see CConfigSchema.
template <std::derived_from<CLogic> Logic>
int RunServer(int argc, char** argv) {
  static_assert(
      requires(CConfigSchema & schema) { Logic::Describe(schema); },
      "Describe must be public, and static void Describe(switchboard::CConfigSchema&)");
  return RunServer(
      argc, argv, [] { return std::make_unique<Logic>(); }, [](CConfigSchema& schema) { Logic::Describe(schema); });
}

}  // namespace switchboard
