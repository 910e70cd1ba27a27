#pragma once

#include <concepts>
#include <functional>
#include <memory>

#include "logic/CLogic.h"
#include "misc/config/CConfigSchema.h"

namespace switchboard {

// The main() of a server: reads the command line, then starts a server with the logic that `factory` builds, or does
// what else the command line asks for (`switchboard -h` lists it). Returns the exit code of the process.
// `describe` declares the sections of the configuration that are the logic's own; the logic reads them with
// Config<T>(). Call it first thing in main(), while there is one thread: it forks. A worker process ends inside of it,
// by exit(3).
int RunServer(int argc, char** argv, const std::function<std::unique_ptr<CLogic>()>& factory,
              const std::function<void(CConfigSchema&)>& describe = {});

template <std::derived_from<CLogic> Logic>
int RunServer(int argc, char** argv) {
  static_assert(
      requires(CConfigSchema & schema) { Logic::Describe(schema); },
      "Describe must be public, and static void Describe(switchboard::CConfigSchema&)");
  return RunServer(
      argc, argv, [] { return std::make_unique<Logic>(); }, [](CConfigSchema& schema) { Logic::Describe(schema); });
}

}  // namespace switchboard
