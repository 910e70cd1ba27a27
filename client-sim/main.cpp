#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <exception>

#include "client-sim/command/Commands.h"
#include "client-sim/options/COptions.h"

int main(int argc, char** argv) {
  // Who reads what is printed may leave; the reports are written all the same.
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return switchboard::sim::Dispatch(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "client-sim: {}\n", error.what());
    return switchboard::sim::kExitUsage;
  }
}
